package cloud_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/template"
)

// described returns the template as plain maps, with the values of those parameters
// that the synthesized stack no longer has.
func described(t *testing.T, s synthesis) map[string]any {
	t.Helper()
	plain := must(template.Plain(must(os.ReadFile(templateFile))))
	var normal map[string]any
	if err := json.Unmarshal(must(json.Marshal(plain)), &normal); err != nil {
		t.Fatal(err)
	}
	replaced := map[string]any{}
	left, _ := s.plain["Parameters"].(map[string]any)
	for name := range normal["Parameters"].(map[string]any) {
		if left[name] == nil {
			replaced[name] = parameterValues(s)[name]
		}
	}
	return replace(normal, replaced).(map[string]any)
}

// parameterValues are the parameters that the full settings and the stack set.
func parameterValues(s synthesis) map[string]any {
	settings := full()
	return map[string]any{
		"WebexAppId": settings.Variables["WEBEX_APP_ID"], "WebexClientId": settings.Variables["WEBEX_CLIENT_ID"],
		"SignageUrl": settings.Variables["SIGNAGE_URL"], "ContentUrl": settings.Variables["CONTENT_URL"],
		"PublicUrl": "https://signpost.example.com", "Architecture": "x86_64", "LogRetentionDays": 90.0, "VerifyRuns": "2", "Schedules": "ENABLED",
		"IntegrationSecretId": map[string]any{"Ref": "IntegrationSecret"}, "ContentSecretId": map[string]any{"Ref": "ContentSecret"},
		"VendorSecretId": map[string]any{"Ref": "VendorSecret"},
	}
}

func replace(value any, parameters map[string]any) any {
	switch value := value.(type) {
	case map[string]any:
		if name, ok := value["Ref"].(string); ok && len(value) == 1 && parameters[name] != nil {
			return parameters[name]
		}
		result := map[string]any{}
		for key, item := range value {
			result[key] = replace(item, parameters)
		}
		return result
	case []any:
		var result []any
		for _, item := range value {
			result = append(result, replace(item, parameters))
		}
		return result
	default:
		return value
	}
}

// lacks lists what is missing or different in have. Additional members are ignored.
func lacks(path string, want, have any) []string {
	object, ok := want.(map[string]any)
	if !ok {
		if reflect.DeepEqual(want, have) {
			return nil
		}
		return []string{fmt.Sprintf("%s is %v, want %v", path, have, want)}
	}
	other, _ := have.(map[string]any)
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		missing = append(missing, lacks(path+"."+key, object[key], other[key])...)
	}
	return missing
}

// compare lists what of the template is missing or different in the synthesized
// stack.
func compare(t *testing.T, s synthesis) []string {
	t.Helper()
	want := described(t, s)
	var missing []string
	for _, section := range []string{"Transform", "Globals", "Resources", "Outputs"} {
		missing = append(missing, lacks(section, want[section], s.plain[section])...)
	}
	return slices.DeleteFunc(missing, func(line string) bool {
		return strings.HasPrefix(line, "Globals.Function.CodeUri") // each function has its own
	})
}

// TestTheStackIsTheTemplate: the stack has every resource with every property, and
// so every function, route, schedule, variable and permission.
func TestTheStackIsTheTemplate(t *testing.T) {
	for name, s := range map[string]synthesis{"production": production(), "unset": unset()} {
		for _, line := range compare(t, s) {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// TestComparisonFindsWhatIsMissing tests compare itself.
func TestComparisonFindsWhatIsMissing(t *testing.T) {
	for _, path := range []string{
		"Resources.LaunchesFunction",
		"Resources.LaunchesFunction.Properties.Events.Redeem",
		"Resources.ActivationFunction.Properties.Timeout",
		"Resources.ActivationFunction.Properties.Events.Page.Properties.Method",
		"Resources.VerifyConfigsFunction.Properties.Events.EveryMinute",
		"Resources.VerifyConfigsFunction.Properties.Events.EveryMinute.Properties.ScheduleExpression",
		"Resources.ActivationFunction.Properties.Environment.Variables.SECRET_ID",
		"Globals.Function.Environment.Variables.SIGNAGE_URL",
		"Resources.AssignContentFunction.Properties.Policies",
		"Resources.InstallationsTable.Properties.TimeToLiveSpecification",
		"Resources.HttpApi.Properties.RouteSettings",
		"Resources.VerifyConfigsInvokes", "Outputs.ApiUrl",
	} {
		s := production()
		if len(compare(t, s)) > 0 {
			t.Fatal("the complete stack differs from the template")
		}
		restore := remove(s.plain, strings.Split(path, "."))
		if missing := compare(t, s); len(missing) == 0 {
			t.Errorf("%s is removed, and compare finds nothing missing", path)
		}
		restore()
	}
}

// remove removes an entry from nested maps, and returns a function that restores it.
func remove(top map[string]any, path []string) func() {
	for _, key := range path[:len(path)-1] {
		top, _ = top[key].(map[string]any)
	}
	last := path[len(path)-1]
	value := top[last]
	delete(top, last)
	return func() { top[last] = value }
}

// TestFormNamesTheParametersThatAreLeft: CloudFormation's linter, which sam
// validate --lint runs, refuses a form that names others.
func TestFormNamesTheParametersThatAreLeft(t *testing.T) {
	for name, s := range map[string]synthesis{"production": production(), "unset": unset()} {
		fields := map[string]bool{}
		form, _ := s.plain["Metadata"].(map[string]any)["AWS::CloudFormation::Interface"].(map[string]any)
		for _, group := range form["ParameterGroups"].([]any) {
			named, _ := group.(map[string]any)["Parameters"].([]any)
			if len(named) == 0 {
				t.Errorf("%s: an empty group: %v", name, group)
			}
			for _, parameter := range named {
				fields[parameter.(string)] = true
			}
		}
		left := map[string]bool{}
		for parameter := range s.plain["Parameters"].(map[string]any) {
			left[parameter] = true
		}
		delete(left, "BootstrapVersion") // of the CDK
		if diff := cmp.Diff(left, fields); diff != "" {
			t.Errorf("%s: the form (-parameters +fields):\n%s", name, diff)
		}
	}
}

// TestLimits: every route has a limit of its own, high enough that a single small
// caller does not reach it. Together they stay within the account's limit.
func TestLimits(t *testing.T) {
	const account, least = 10_000, 100 // requests a second
	api := production().properties("HttpApi")
	limits := maps.Clone(api["RouteSettings"].(map[string]any))
	for _, f := range must(template.Read(templateFile)).Functions {
		for _, route := range f.Routes {
			if limits[route.Key()] == nil {
				t.Errorf("%s has no limit of its own", route.Key())
			}
		}
	}
	limits["others"] = api["DefaultRouteSettings"]
	sum := 0.0
	for route, limit := range limits {
		rate, burst := limit.(map[string]any)["ThrottlingRateLimit"].(float64), limit.(map[string]any)["ThrottlingBurstLimit"].(float64)
		if rate < least || burst < rate {
			t.Errorf("%s: %v a second, %v at once", route, rate, burst)
		}
		sum += rate
	}
	if sum > account/2 {
		t.Errorf("together they are %v a second", sum)
	}
}
