package cloud

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/jsii-runtime-go"
	"go.yaml.in/yaml/v3"

	"signpost/infra/template"
)

// include includes the template, with its parameters replaced by their values.
// The CDK removes those parameters, but not their names in the parameter groups of the
// console's form (AWS::CloudFormation::Interface), which CloudFormation's linter refuses.
// So it includes a copy of the template whose groups list only the other parameters. It
// also takes a dot in a route for a path into the settings, unless it is escaped.
func (d *deployment) include(values map[string]any) (cloudformationinclude.CfnInclude, error) {
	text, err := os.ReadFile(d.Options.TemplateFile)
	if err == nil {
		text, err = prepared(text, func(parameter string) bool { return values[parameter] != nil })
	}
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	file, err := os.CreateTemp("", "template-*.yaml")
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return cloudformationinclude.NewCfnInclude(d.Stack, jsii.String("Template"), &cloudformationinclude.CfnIncludeProps{
		TemplateFile: jsii.String(file.Name()), Parameters: &values,
	}), nil
}

// prepared removes parameters from the parameter groups, and groups that become empty, and
// escapes the dots of routes.
func prepared(text []byte, drop func(parameter string) bool) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	groups := template.Member(document.Content[0], "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups")
	groups.Content = slices.DeleteFunc(groups.Content, func(group *yaml.Node) bool {
		listed := template.Member(group, "Parameters")
		listed.Content = slices.DeleteFunc(listed.Content, func(parameter *yaml.Node) bool { return drop(parameter.Value) })
		return len(listed.Content) == 0
	})
	settings := template.Member(document.Content[0], "Resources", "HttpApi", "Properties", "RouteSettings")
	for n := 0; n < len(settings.Content); n += 2 { // keys and values alternate
		settings.Content[n].Value = strings.ReplaceAll(settings.Content[n].Value, ".", `\.`)
	}
	return yaml.Marshal(&document)
}
