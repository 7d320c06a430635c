// Command infra is the CDK app: it synthesizes the stack of a stage. cdk.json
// runs it for the CDK's own commands, and `make synth` runs it alone.
//
// The stage is STAGE or the context's "stage"; account and region are those
// that the CDK's commands give, else left open.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/assets"
	"signpost/infra/cloud"
	"signpost/infra/stage"
	"signpost/infra/template"
)

func main() {
	err := run()
	jsii.Close() // os.Exit would leave its process and its files behind
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the app. It works in the project's root or in infra.
func run() error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: outdir(root)})
	name := stageName(app)
	settings, found, err := stage.Read(root, name)
	if err != nil {
		return err
	}
	file := filepath.Join(root, "template.yaml")
	read, err := template.Read(file)
	if err != nil {
		return err
	}
	if !found {
		fmt.Fprintf(os.Stderr, "There are no settings of %s yet (make setup STAGE=%s): the stack keeps parameters for them.\n", name, name)
	} else if err := settings.Check(read); err != nil {
		return fmt.Errorf("settings of %s:\n%w", name, err)
	}
	code, err := assets.Build(root, read.Functions, cmp.Or(settings.Deployment.Architecture, "arm64"))
	if err != nil {
		return err
	}
	options := cloud.Options{Settings: settings, TemplateFile: file, Template: read, Code: code, Env: environment()}
	if _, err := cloud.Add(app, options); err != nil {
		return err
	}
	if err := addFirewall(app, options); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// addFirewall adds the firewall's stack, where there is to be one and the API's
// address is known.
func addFirewall(app awscdk.App, o cloud.Options) error {
	switch {
	case !o.Settings.Deployment.Firewall:
		return nil
	case !o.Settings.Deployed():
		fmt.Fprintln(os.Stderr, "The firewall follows once the API's address is known, which the first deployment gives.")
		return nil
	}
	_, err := cloud.AddFirewall(app, o)
	return err
}

// projectRoot finds the template, which is in the root only.
func projectRoot() (string, error) {
	for _, folder := range []string{".", ".."} {
		if _, err := os.Stat(filepath.Join(folder, "template.yaml")); err == nil {
			return filepath.Abs(folder)
		}
	}
	return "", fmt.Errorf("template.yaml is neither here nor in the folder above: run this in the project")
}

// outdir is the CDK's own choice when its commands run the app.
func outdir(root string) *string {
	if os.Getenv("CDK_OUTDIR") != "" {
		return nil
	}
	return jsii.String(filepath.Join(root, "infra", "cdk.out"))
}

func stageName(app awscdk.App) string {
	context, _ := app.Node().TryGetContext(jsii.String("stage")).(string)
	return cmp.Or(os.Getenv("STAGE"), context, defaultStage())
}

// defaultStage is cdk.json's, which only the CDK's commands read by themselves.
func defaultStage() string {
	var file struct {
		Context struct{ Stage string }
	}
	if text, err := os.ReadFile("infra/cdk.json"); err == nil && json.Unmarshal(text, &file) == nil {
		return file.Context.Stage
	}
	return "dev"
}

// environment is the account and the region of the CDK's commands; nil leaves
// both open.
func environment() *awscdk.Environment {
	account, region := os.Getenv("CDK_DEFAULT_ACCOUNT"), os.Getenv("CDK_DEFAULT_REGION")
	if account == "" || region == "" {
		return nil
	}
	return &awscdk.Environment{Account: jsii.String(account), Region: jsii.String(region)}
}
