// Package cloud defines what a deployment adds to the template: secrets and their
// key, events for the vendor, metrics, alarms, a dashboard, a domain, and
// protection against deletion. The template is included unchanged, and remains the
// only definition of functions, routes, schedules and permissions.
//
// SAM expands the template into further resources, such as roles and the API's
// stage, only during the deployment: code here cannot see them and does not
// depend on them.
package cloud

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/stage"
	"signpost/infra/template"
)

// Options say what to deploy.
type Options struct {
	Settings stage.Settings
	// TemplateFile is the template's file, and Template its content.
	TemplateFile string
	Template     *template.Template
	// Code is the archive of each function, or the folder of its program, by
	// logical id.
	Code map[string]string
	// Env is the account and region; nil leaves them open.
	Env *awscdk.Environment
}

// deployment is a stack under construction.
type deployment struct {
	awscdk.Stack
	Options
	included  cloudformationinclude.CfnInclude
	key       *string // ARN; nil for AWS managed keys
	namespace string  // of the metrics
	// missed is the queue of records that the pipe could not deliver.
	missed awssqs.CfnQueue
}

// Add adds the stack of a stage to app. Parameters without a setting keep the
// template's default; those without a default stay parameters, so that a stack
// can be synthesized before anything is set.
func Add(app constructs.Construct, o Options) (awscdk.Stack, error) {
	name := stage.Stack(o.Settings.Name)
	d := &deployment{Options: o, namespace: "Signpost/" + o.Settings.Name}
	d.Stack = awscdk.NewStack(app, jsii.String(name), &awscdk.StackProps{
		StackName: jsii.String(name), Env: o.Env,
		TerminationProtection: jsii.Bool(o.Settings.Protected()),
	})
	d.key = d.addKey()
	var err error
	if d.included, err = d.include(d.parameters(d.addSecrets())); err != nil {
		return nil, err
	}
	d.setCode()
	d.protectTable()
	d.setDomain()
	d.addNotices()
	metrics := d.addMetrics()
	d.addDashboard(metrics, d.addAlarms(metrics))
	d.tag()
	return d.Stack, nil
}

func (d *deployment) parameters(secrets map[string]*string) map[string]any {
	values := map[string]any{}
	for parameter, id := range secrets {
		values[parameter] = id
	}
	for variable, parameter := range stage.Parameters(d.Template) {
		if value := d.Settings.Variable(variable); value != "" {
			values[parameter] = value
		}
	}
	s := d.Settings.Deployment
	if s.Firewall {
		values["OriginKey"] = d.addOriginKey()
	}
	if s.Architecture != "" {
		values["Architecture"] = s.Architecture
	}
	if s.LogRetentionDays != 0 {
		values["LogRetentionDays"] = s.LogRetentionDays
	}
	if s.VerifyRuns != 0 {
		values["VerifyRuns"] = strconv.Itoa(s.VerifyRuns)
	}
	if s.Schedules != "" {
		values["Schedules"] = s.Schedules
	}
	return values
}

// resource is a resource of the template. Tests check that it exists and has
// the type.
func resource[T any](d *deployment, id string) T {
	var typed T
	jsii.UnsafeCast(d.included.GetResource(jsii.String(id)), &typed)
	return typed
}

func (d *deployment) function(id string) awssam.CfnFunction {
	return resource[awssam.CfnFunction](d, id)
}

// logs is the log group of a function, or of the access log.
func (d *deployment) logs(function string) awslogs.CfnLogGroup {
	return resource[awslogs.CfnLogGroup](d, strings.TrimSuffix(function, "Function")+"Logs")
}

func (d *deployment) table() awsdynamodb.CfnTable {
	return resource[awsdynamodb.CfnTable](d, stage.TableID)
}

// failures is the queue of failed scheduled runs.
func (d *deployment) failures() awssqs.CfnQueue {
	return resource[awssqs.CfnQueue](d, "VerifyFailures")
}

// setCode sets each function's code to its own asset.
func (d *deployment) setCode() {
	for _, f := range d.Template.Functions {
		asset := awss3assets.NewAsset(d.Stack, jsii.String(f.LogicalID+"Code"), &awss3assets.AssetProps{
			Path: jsii.String(d.Code[f.LogicalID]),
		})
		function := d.function(f.LogicalID)
		function.SetCodeUri(&awssam.CfnFunction_S3LocationProperty{Bucket: asset.S3BucketName(), Key: asset.S3ObjectKey()})
		asset.AddResourceMetadata(function, jsii.String("CodeUri"))
		if reserved := d.Settings.Deployment.ReservedConcurrency; reserved > 0 && len(f.Schedules) > 0 {
			function.SetReservedConcurrentExecutions(jsii.Number(reserved))
		}
	}
}

// protectTable protects and encrypts the table. The template enables point-in-time
// recovery.
func (d *deployment) protectTable() {
	table := d.table()
	table.SetTableName(jsii.String(stage.TableName(d.Settings.Name)))
	if d.key != nil {
		table.SetSseSpecification(&awsdynamodb.CfnTable_SSESpecificationProperty{
			SseEnabled: jsii.Bool(true), SseType: jsii.String("KMS"), KmsMasterKeyId: d.key,
		})
	}
	table.SetDeletionProtectionEnabled(jsii.Bool(d.Settings.Protected()))
}

// setDomain gives the API the vendor's host name. SAM creates the domain and its
// mapping, since they require the API's stage, which SAM creates too. With a
// firewall the name belongs to the firewall.
func (d *deployment) setDomain() {
	s := d.Settings.Deployment
	if s.Domain == "" || s.Firewall {
		return
	}
	domain := &awssam.CfnHttpApi_HttpApiDomainConfigurationProperty{
		DomainName: jsii.String(s.Domain), CertificateArn: jsii.String(s.CertificateARN),
		SecurityPolicy: jsii.String("TLS_1_2"), EndpointConfiguration: jsii.String("REGIONAL"),
	}
	if s.HostedZoneID != "" {
		domain.Route53 = &awssam.CfnHttpApi_Route53ConfigurationProperty{HostedZoneId: jsii.String(s.HostedZoneID)}
	}
	resource[awssam.CfnHttpApi](d, "HttpApi").SetDomain(domain)
}

func (d *deployment) tag() {
	tags := map[string]string{"application": "signpost", "stage": d.Settings.Name}
	maps.Copy(tags, d.Settings.Deployment.Tags)
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		awscdk.Tags_Of(d.Stack).Add(jsii.String(name), jsii.String(tags[name]), &awscdk.TagProps{
			// Tags of dashboards are newer than the linters' rules.
			ExcludeResourceTypes: jsii.Strings("AWS::CloudWatch::Dashboard"),
		})
	}
}

func (d *deployment) output(name, description string, value *string) {
	awscdk.NewCfnOutput(d.Stack, jsii.String(name), &awscdk.CfnOutputProps{Value: value, Description: jsii.String(description)})
}
