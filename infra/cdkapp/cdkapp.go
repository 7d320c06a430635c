// Package cdkapp is the CDK app, which synthesizes the stack of a stage and that of
// its firewall. The CDK CLI runs it as `signpost cdk-app`.
package cdkapp

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/cloud"
	"signpost/infra/distribution"
	"signpost/infra/stage"
	"signpost/infra/template"
)

// Options say what to synthesize.
type Options struct {
	Distribution distribution.Distribution
	// ConfigDir holds the settings of the stages, and Stage is one of them.
	ConfigDir, Stage string
	// Outdir is where the stacks are written.
	Outdir string
	// Account and Region are those of the deployment. If one is empty, the stack
	// can be deployed to any.
	Account, Region string
}

// features are the CDK's feature flags, given as context.
var features = map[string]any{
	"@aws-cdk/core:enablePartitionLiterals": true,
	"@aws-cdk/aws-iam:minimizePolicies":     true,
}

// Run synthesizes the stacks, and prints on log what is still missing in them.
func Run(ctx context.Context, log io.Writer, o Options) error {
	defer jsii.Close() // ends its Node process and removes its files
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(o.Outdir), Context: &features})
	settings, found, err := stage.Read(o.ConfigDir, o.Stage)
	if err != nil {
		return err
	}
	architecture := settings.Deployment.Architecture
	file := o.Distribution.Template(architecture)
	read, err := template.Read(file)
	if err != nil {
		return err
	}
	if !found {
		fmt.Fprintf(log, "There are no settings of %s yet (signpost setup --stage %s): they stay parameters of the stack.\n", o.Stage, o.Stage)
	} else if err := settings.Check(read); err != nil {
		return fmt.Errorf("settings of %s:\n%w", o.Stage, err)
	}
	code, err := o.Distribution.Code(ctx, read.Functions, architecture)
	if err != nil {
		return err
	}
	options := cloud.Options{Settings: settings, TemplateFile: file, Template: read, Code: code, Env: o.environment()}
	if _, err := cloud.Add(app, options); err != nil {
		return err
	}
	if settings.FirewallReady() {
		if _, err := cloud.AddFirewall(app, options); err != nil {
			return err
		}
	} else if settings.Deployment.Firewall {
		fmt.Fprintln(log, "The firewall is added once the API's address is known, after the first deployment.")
	}
	app.Synth(nil)
	return nil
}

// environment returns the account and the region, nil if one is unknown.
func (o Options) environment() *awscdk.Environment {
	if o.Account == "" || o.Region == "" {
		return nil
	}
	return &awscdk.Environment{Account: jsii.String(o.Account), Region: jsii.String(o.Region)}
}
