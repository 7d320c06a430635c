package cloud_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/cloud"
	"signpost/infra/stage"
	"signpost/infra/template"
)

// TestOnlyTheFirewallReachesTheFunctions: exactly the functions with routes have the
// key, and the domain no longer belongs to the API.
func TestOnlyTheFirewallReachesTheFunctions(t *testing.T) {
	s := guarded()
	key := map[string]any{"Fn::Join": []any{"", []any{"{{resolve:secretsmanager:", map[string]any{"Ref": "OriginKeySecret"}, "}}"}}}
	for _, f := range must(template.Read(templateFile)).Functions {
		environment, _ := s.properties(f.LogicalID)["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		var want any
		if len(f.Routes) > 0 {
			want = key
		}
		if diff := cmp.Diff(want, variables["SECRET_ORIGIN_KEY"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.LogicalID, diff)
		}
	}
	if domain := s.properties("HttpApi")["Domain"]; domain != nil {
		t.Errorf("the API has a domain of its own: %v", domain)
	}
	if url := s.plain["Parameters"].(map[string]any)["PublicUrl"]; url != nil {
		t.Errorf("PublicUrl is still a parameter: %v", url)
	}
	secret := s.properties("OriginKeySecret")
	if secret["Name"] != stage.OriginKeyName("prod") || secret["GenerateSecretString"] == nil || secret["SecretString"] != nil {
		t.Errorf("the key is %v", secret)
	}
	if diff := cmp.Diff([]any{map[string]any{"Region": stage.FirewallRegion}}, secret["ReplicaRegions"]); diff != "" {
		t.Errorf("the key's replicas (-want +got):\n%s", diff)
	}
	if production().resource("OriginKeySecret") != nil {
		t.Error("a stage without a firewall has an origin key")
	}
}

func TestFirewall(t *testing.T) {
	s := firewall()
	want := map[string]any{
		"Enabled": true, "Comment": "The API of signpost-prod", "HttpVersion": "http2and3", "IPV6Enabled": true,
		"Aliases":  []any{"signpost.example.com"},
		"WebACLId": map[string]any{"Fn::GetAtt": []any{"Rules", "Arn"}},
		"ViewerCertificate": map[string]any{
			"AcmCertificateArn": withFirewall().Deployment.CertificateARN, "MinimumProtocolVersion": "TLSv1.2_2021", "SslSupportMethod": "sni-only",
		},
		"Origins": []any{map[string]any{
			"Id": "api", "DomainName": "a.execute-api.eu-west-1.amazonaws.com",
			"CustomOriginConfig": map[string]any{"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": []any{"TLSv1.2"}},
			"OriginCustomHeaders": []any{map[string]any{
				"HeaderName": "x-origin-key", "HeaderValue": "{{resolve:secretsmanager:signpost-prod/origin-key}}",
			}},
		}},
		"DefaultCacheBehavior": map[string]any{
			"TargetOriginId": "api", "ViewerProtocolPolicy": "https-only", "Compress": false,
			"AllowedMethods": []any{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"},
			"CachePolicyId":  "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginRequestPolicyId": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
		},
	}
	if diff := cmp.Diff(want, s.properties("Distribution")["DistributionConfig"]); diff != "" {
		t.Errorf("the distribution (-want +got):\n%s", diff)
	}
	if !s.protected {
		t.Error("production's firewall is not protected against deletion")
	}
	s.ResourceCountIs(jsii.String("AWS::Route53::RecordSet"), jsii.Number(2))
	s.has("AWS::Route53::RecordSet", map[string]any{"Name": "signpost.example.com", "Type": "A"})
	limits := map[string]float64{}
	for _, raw := range s.properties("Rules")["Rules"].([]any) {
		rule := raw.(map[string]any)
		rate := rule["Statement"].(map[string]any)["RateBasedStatement"].(map[string]any)
		if rate["AggregateKeyType"] != "IP" || rule["Action"].(map[string]any)["Block"] == nil {
			t.Errorf("%v blocks no address", rule["Name"])
		}
		if about, _ := rate["ScopeDownStatement"].(map[string]any); (about != nil) != (rule["Name"] == "ActivationsPerAddress") ||
			about != nil && about["ByteMatchStatement"].(map[string]any)["SearchString"] != "/activation" {
			t.Errorf("%v is about %v", rule["Name"], about)
		}
		limits[rule["Name"].(string)] = rate["Limit"].(float64) / rate["EvaluationWindowSec"].(float64)
	}
	if activations, all := limits["ActivationsPerAddress"], limits["RequestsPerAddress"]; activations > 1 || all < 50 || all > 500 {
		t.Errorf("requests of one address in a second: %v", limits)
	}
	s.has("AWS::WAFv2::WebACL", map[string]any{"Scope": "CLOUDFRONT", "DefaultAction": map[string]any{"Allow": assertions.Match_AnyValue()}})
}

func TestFirewallRequiresTheAPIsAddress(t *testing.T) {
	settings := withFirewall()
	settings.Deployment.APIURL = ""
	if _, err := cloud.AddFirewall(nil, cloud.Options{Settings: settings}); err == nil || !strings.Contains(err.Error(), "not known yet") {
		t.Errorf("%v", err)
	}
	if text := string(must(json.Marshal(guarded().plain))); strings.Contains(text, "AWS::CloudFront") {
		t.Error("the main stack contains the firewall")
	}
}
