package stage

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"signpost/infra/template"
	"signpost/shared/config"
	"signpost/shared/manifest"
)

// placeholders replace the variables that the stack sets. With Lambda's own variable
// the rules are those on AWS, where loopback hosts are refused.
var placeholders = map[string]string{
	"INSTALLATIONS_TABLE": "installations", "SECRET_ID": "secret", "AWS_LAMBDA_FUNCTION_NAME": "function",
}

// Check returns everything that is wrong with the settings, by the rules of the
// functions and of a deployment. The template declares the variables.
func (s Settings) Check(t *template.Template) error {
	problems := []error{s.checkNames(t), s.checkVariables(t), s.Deployment.check()}
	if s.Deployment.Domain != "" && s.Variables["PUBLIC_URL"] != "" {
		problems = append(problems, errors.New("PUBLIC_URL and deployment.domain are both set, and the domain implies PUBLIC_URL: remove one"))
	}
	return errors.Join(problems...)
}

func (s Settings) checkVariables(t *template.Template) error {
	environ := maps.Clone(placeholders)
	for variable := range Parameters(t) {
		environ[variable] = s.Variables[variable]
	}
	return config.Check(environ)
}

// CheckVariable checks one variable by the functions' rules on AWS, regardless of other
// variables.
func CheckVariable(name, value string) error {
	environ := maps.Clone(placeholders)
	environ[name] = value
	settings, ok := errors.AsType[*config.Error](config.Check(environ))
	if !ok {
		return nil
	}
	var problems []error
	for _, problem := range settings.Problems {
		if problem.Variable == name {
			problems = append(problems, fmt.Errorf("it %s: %s", problem.Wrong, problem.Fix))
		}
	}
	return errors.Join(problems...)
}

// checkNames refuses variables that are not settings: a misspelled one would have
// no effect, and secrets must not be in the file.
func (s Settings) checkNames(t *template.Template) error {
	settings := Parameters(t)
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		if settings[name] == "" || placeholders[name] != "" {
			problems = append(problems, fmt.Errorf("%s is not a setting: the settings are %s", name, strings.Join(slices.Sorted(maps.Keys(settings)), ", ")))
		}
	}
	return errors.Join(problems...)
}

// Parameters maps each variable of the functions to the template's parameter that
// sets it, except for the secrets, which the stack creates.
func Parameters(t *template.Template) map[string]string {
	parameters := map[string]string{}
	for _, f := range t.Functions {
		for variable, value := range f.Environment {
			isTable := slices.ContainsFunc(t.Tables, func(table template.Table) bool { return table.LogicalID == value.Ref })
			if value.Ref != "" && !isTable && !strings.HasPrefix(variable, "SECRET_") {
				parameters[variable] = value.Ref
			}
		}
	}
	return parameters
}

var (
	domainPattern      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	certificatePattern = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	zonePattern        = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	// webhookPattern is what EventBridge accepts. It takes a * for a parameter, and reaches
	// public hosts only, which have a name.
	webhookPattern = regexp.MustCompile(`^https://[A-Za-z0-9.-]+\.[A-Za-z][A-Za-z0-9-]*(:[0-9]+)?([/?][-\w+&@/%?=~|!:,.;]*)?$`)
	retentions     = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827}
)

// maxWebhook is EventBridge's limit of an address, in characters.
const maxWebhook = 2048

func (d Deployment) check() error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf("deployment: "+format, args...))
		}
	}
	require(slices.Contains([]string{"", "arm64", "x86_64"}, d.Architecture), "architecture is %q: it must be arm64 or x86_64", d.Architecture)
	require(slices.Contains(retentions, d.LogRetentionDays), "logRetentionDays is %d: CloudWatch takes %v", d.LogRetentionDays, retentions[1:])
	require(d.Domain == "" || domainPattern.MatchString(d.Domain), "domain is %q: it must be a host name such as signpost.example.com", d.Domain)
	require(d.CertificateARN == "" || certificatePattern.MatchString(d.CertificateARN), "certificateArn is not the ARN of an ACM certificate")
	require((d.Domain == "") == (d.CertificateARN == ""), "domain and certificateArn go together: set both, or neither")
	require(d.HostedZoneID == "" || zonePattern.MatchString(d.HostedZoneID), "hostedZoneId is not the id of a Route 53 zone")
	require(d.HostedZoneID == "" || d.Domain != "", "hostedZoneId has no effect without a domain")
	require(!d.Firewall || d.Domain != "", "firewall requires a domain, since callers reach it by that name: set domain and certificateArn")
	require(!d.Firewall || d.CertificateARN == "" || strings.Contains(d.CertificateARN, ":"+FirewallRegion+":"),
		"firewall requires a certificate in %s, where CloudFront looks for it", FirewallRegion)
	require(d.APIURL == "" || config.CheckAddress(d.APIURL) == nil, "apiUrl must be the https address that the deployment printed")
	require(d.AlarmEmail == "" || manifest.IsEmail(d.AlarmEmail), "alarmEmail is not an e-mail address")
	require(d.Webhook == "" || config.CheckAddress(d.Webhook) == nil && len(d.Webhook) <= maxWebhook && webhookPattern.MatchString(d.Webhook),
		"webhook is %q: it must be a public https address of at most 2,048 characters, without a fragment or *", d.Webhook)
	require(d.WebhookKey == 0 || d.Webhook != "", "webhookKey has no effect without a webhook")
	require(slices.Contains([]int{0, 1, 2, 4}, d.VerifyRuns), "verifyRuns is %d: it must be 1, 2 or 4", d.VerifyRuns)
	require(slices.Contains([]string{"", "ENABLED", "DISABLED"}, d.Schedules), "schedules is %q: it must be ENABLED or DISABLED", d.Schedules)
	require(d.ReservedConcurrency <= 0 || d.VerifyRuns <= d.ReservedConcurrency,
		"verifyRuns is %d but reservedConcurrency is %d: parallel runs require as much concurrency, else Lambda throttles some", d.VerifyRuns, d.ReservedConcurrency)
	require(d.TokenInvalidPerDay >= 0 && d.WebhookKey >= 0 && d.ReservedConcurrency >= 0, "numbers must not be negative")
	return errors.Join(problems...)
}
