package cloud_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"signpost/infra/stage"
)

// accepted are the findings of cdk-nag's AWS Solutions rules that are intended,
// and why.
var accepted = map[string]string{
	"AwsSolutions-CFR1": "customers are in every country",
	"AwsSolutions-CFR3": "API Gateway logs every request that passes the firewall, which samples those that do not",
	"AwsSolutions-SF1":  "the state machine has one state, which calls nothing; records on which it fails are in the queue of missed notices, with the error",
	"AwsSolutions-SF2":  "the state machine has one state, which calls nothing",
	"AwsSolutions-SMG4": "signpost rotate rotates the two secrets, whose values come from Control Hub and go to a content server; the random origin key and keys of the webhook are rotated by a new name",
	"AwsSolutions-SQS3": "both queues are dead-letter queues themselves",
	"AwsSolutions-SQS4": "only EventBridge and Lambda may send, and they use TLS",
}

// addRules adds cdk-nag's rules to the production stack. It returns a function that
// returns their findings once the stack is synthesized.
func addRules(app awscdk.App, settings stage.Settings) func(awscdk.Stack) []string {
	if !settings.Protected() {
		return func(awscdk.Stack) []string { return nil }
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{}), nil)
	return func(stack awscdk.Stack) []string {
		var findings []string
		annotations := assertions.Annotations_FromStack(stack)
		any := assertions.Match_StringLikeRegexp(jsii.String("AwsSolutions-.*"))
		errors, warnings := annotations.FindError(jsii.String("*"), any), annotations.FindWarning(jsii.String("*"), any)
		for _, finding := range slices.Concat(*errors, *warnings) {
			//lint:ignore SA1019 the Go module of cloud-assembly-api is not published
			findings = append(findings, fmt.Sprintf("%s: %v", *finding.Id, finding.Entry.Data))
		}
		return findings
	}
}

// TestNag: cdk-nag's findings are exactly the accepted ones.
func TestNag(t *testing.T) {
	used := map[string]bool{}
	for _, finding := range slices.Concat(production().findings, firewall().findings) {
		rule := ruleOf(finding)
		if accepted[rule] == "" {
			t.Error(finding)
		}
		used[rule] = true
	}
	for rule := range accepted {
		if !used[rule] {
			t.Errorf("%s is accepted, but not found", rule)
		}
	}
}

var rulePattern = regexp.MustCompile(`AwsSolutions-[A-Z]+[0-9]+`)

func ruleOf(finding string) string { return rulePattern.FindString(finding) }
