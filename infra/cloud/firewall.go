package cloud

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/stage"
	"signpost/shared/gateway"
)

// The firewall is a separate stack, since CloudFront uses web ACLs and
// certificates of one region only, while the API is in the vendor's region. The
// two share a key: CloudFront sends it with each request, and the functions
// refuse requests without it, because an HTTP API of API Gateway supports neither
// a web ACL nor a resource policy and stays reachable at its own address.

// Requests that the firewall allows each source address in five minutes. One person
// activates a few times. A content server, and Webex for all customers, call from few
// addresses, so what limits them are the limits of the routes.
const (
	activationsPerAddress = 100
	requestsPerAddress    = 30_000
)

// Identifiers that are the same in every account: CloudFront's managed policies, and
// the hosted zone of its addresses.
const (
	cachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	cloudFrontZone            = "Z2FDTNDATAQYW2"
)

// addOriginKey adds the key that the firewall and the functions share, in both
// regions, and returns the template's reference to its value.
func (d *deployment) addOriginKey() string {
	name := stage.OriginKeyName(d.Settings.Name)
	props := &awssecretsmanager.CfnSecretProps{
		Name: jsii.String(name), Description: jsii.String("Sent by the firewall to the functions; generated at random"),
		GenerateSecretString: randomKey(),
	}
	if env := d.Options.Env; env == nil || *env.Region != stage.FirewallRegion {
		props.ReplicaRegions = []any{&awssecretsmanager.CfnSecret_ReplicaRegionProperty{Region: jsii.String(stage.FirewallRegion)}}
	}
	secret := awssecretsmanager.NewCfnSecret(d.Stack, jsii.String("OriginKeySecret"), props)
	// The reference makes CloudFormation create it before the functions.
	return valueOf(*secret.Ref())
}

// AddFirewall adds the firewall's stack of a stage to app: CloudFront, with limits
// per source address, at the stage's domain. It requires the API's address, which
// is known after the first deployment.
func AddFirewall(app constructs.Construct, o Options) (awscdk.Stack, error) {
	api, err := url.Parse(o.Settings.Deployment.APIURL)
	if err != nil || api.Host == "" {
		return nil, fmt.Errorf("firewall of %s: the API's address is not known yet", o.Settings.Name)
	}
	d := &deployment{Options: o}
	name := stage.FirewallStack(o.Settings.Name)
	env := &awscdk.Environment{Region: jsii.String(stage.FirewallRegion)}
	if o.Env != nil {
		env.Account = o.Env.Account
	}
	d.Stack = awscdk.NewStack(app, jsii.String(name), &awscdk.StackProps{
		StackName: jsii.String(name), Env: env, TerminationProtection: jsii.Bool(o.Settings.Protected()), Description: jsii.String("The firewall in front of the API of signpost-" + o.Settings.Name),
	})
	distribution := d.addDistribution(api.Host, d.addRules())
	d.addNames(distribution)
	d.tag()
	return d.Stack, nil
}

func (d *deployment) addRules() *string {
	acl := awswafv2.NewCfnWebACL(d.Stack, jsii.String("Rules"), &awswafv2.CfnWebACLProps{
		Scope: jsii.String("CLOUDFRONT"), DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: map[string]any{}},
		VisibilityConfig: visibility("Rules"),
		Rules: []any{
			rateRule(0, "ActivationsPerAddress", activationsPerAddress, &awswafv2.CfnWebACL_StatementProperty{
				ByteMatchStatement: &awswafv2.CfnWebACL_ByteMatchStatementProperty{
					FieldToMatch: &awswafv2.CfnWebACL_FieldToMatchProperty{UriPath: map[string]any{}}, SearchString: jsii.String("/activation"),
					PositionalConstraint: jsii.String("STARTS_WITH"),
					TextTransformations: []any{
						&awswafv2.CfnWebACL_TextTransformationProperty{Priority: jsii.Number(0), Type: jsii.String("URL_DECODE")},
						&awswafv2.CfnWebACL_TextTransformationProperty{Priority: jsii.Number(1), Type: jsii.String("NORMALIZE_PATH")},
					},
				},
			}),
			rateRule(1, "RequestsPerAddress", requestsPerAddress, nil),
		},
	})
	return acl.AttrArn()
}

// rateRule is a rule that blocks a source address while it sends more than this many
// requests in five minutes. Unless scope is nil, only requests that match it count.
func rateRule(priority float64, name string, requests float64, scope *awswafv2.CfnWebACL_StatementProperty) *awswafv2.CfnWebACL_RuleProperty {
	rate := &awswafv2.CfnWebACL_RateBasedStatementProperty{
		AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(requests), EvaluationWindowSec: jsii.Number(300),
	}
	if scope != nil {
		rate.ScopeDownStatement = scope
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name: jsii.String(name), Priority: jsii.Number(priority), Action: &awswafv2.CfnWebACL_RuleActionProperty{Block: map[string]any{}},
		Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: rate}, VisibilityConfig: visibility(name),
	}
}

func visibility(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		CloudWatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(true), MetricName: jsii.String(name),
	}
}

// addDistribution adds the distribution that callers reach. It caches nothing,
// and forwards requests unchanged except for the Host header and the added key.
func (d *deployment) addDistribution(api string, rules *string) awscloudfront.CfnDistribution {
	key := valueOf(stage.OriginKeyName(d.Settings.Name))
	return awscloudfront.NewCfnDistribution(d.Stack, jsii.String("Distribution"), &awscloudfront.CfnDistributionProps{
		DistributionConfig: &awscloudfront.CfnDistribution_DistributionConfigProperty{
			Enabled: jsii.Bool(true), Comment: jsii.String("The API of signpost-" + d.Settings.Name), HttpVersion: jsii.String("http2and3"),
			Ipv6Enabled: jsii.Bool(true), WebAclId: rules, Aliases: jsii.Strings(d.Settings.Deployment.Domain),
			ViewerCertificate: &awscloudfront.CfnDistribution_ViewerCertificateProperty{
				AcmCertificateArn: jsii.String(d.Settings.Deployment.CertificateARN), SslSupportMethod: jsii.String("sni-only"),
				MinimumProtocolVersion: jsii.String("TLSv1.2_2021"),
			},
			Origins: []any{&awscloudfront.CfnDistribution_OriginProperty{
				Id: jsii.String("api"), DomainName: jsii.String(api),
				CustomOriginConfig: &awscloudfront.CfnDistribution_CustomOriginConfigProperty{
					OriginProtocolPolicy: jsii.String("https-only"), OriginSslProtocols: jsii.Strings("TLSv1.2"),
				},
				OriginCustomHeaders: []any{&awscloudfront.CfnDistribution_OriginCustomHeaderProperty{
					HeaderName: jsii.String(strings.ToLower(gateway.OriginHeader)), HeaderValue: jsii.String(key),
				}},
			}},
			DefaultCacheBehavior: &awscloudfront.CfnDistribution_DefaultCacheBehaviorProperty{
				TargetOriginId: jsii.String("api"), ViewerProtocolPolicy: jsii.String("https-only"), Compress: jsii.Bool(false),
				AllowedMethods: jsii.Strings("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"),
				CachePolicyId:  jsii.String(cachingDisabled), OriginRequestPolicyId: jsii.String(allViewerExceptHostHeader),
			},
		},
	})
}

// addNames adds the domain's records to the hosted zone, if there is one, and
// outputs the distribution's name.
func (d *deployment) addNames(distribution awscloudfront.CfnDistribution) {
	d.output("FirewallDomain", "Name to which the domain must resolve.", distribution.AttrDomainName())
	s := d.Settings.Deployment
	if s.HostedZoneID == "" {
		return
	}
	for _, kind := range []string{"A", "AAAA"} {
		awsroute53.NewCfnRecordSet(d.Stack, jsii.String("Name"+kind), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(s.HostedZoneID), Name: jsii.String(s.Domain), Type: jsii.String(kind),
			AliasTarget: &awsroute53.CfnRecordSet_AliasTargetProperty{DnsName: distribution.AttrDomainName(), HostedZoneId: jsii.String(cloudFrontZone)},
		})
	}
}
