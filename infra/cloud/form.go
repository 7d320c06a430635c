package cloud

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/jsii-runtime-go"
	"go.yaml.in/yaml/v3"
)

// include includes the template, with its parameters replaced by their values.
// The CDK removes those parameters, but leaves their names in the console's form
// (AWS::CloudFormation::Interface), which CloudFormation's linter refuses; so it
// includes a copy of the template whose form names only the other parameters.
func (d *deployment) include(values map[string]any) (cloudformationinclude.CfnInclude, error) {
	text, err := os.ReadFile(d.Options.TemplateFile)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	text, err = withoutFields(text, func(parameter string) bool { return values[parameter] != nil })
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

// withoutFields removes parameters from the form, and groups that become empty.
func withoutFields(text []byte, drop func(parameter string) bool) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	groups := member(&document, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups")
	if groups == nil {
		return text, nil
	}
	groups.Content = slices.DeleteFunc(groups.Content, func(group *yaml.Node) bool {
		fields := member(group, "Parameters")
		if fields == nil {
			return false
		}
		fields.Content = slices.DeleteFunc(fields.Content, func(field *yaml.Node) bool { return drop(field.Value) })
		return len(fields.Content) == 0
	})
	return yaml.Marshal(&document)
}

// member is the value at nested keys, nil if there is none.
func member(node *yaml.Node, keys ...string) *yaml.Node {
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for _, key := range keys {
		i := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return n.Value == key })
		if node.Kind != yaml.MappingNode || i < 0 {
			return nil
		}
		node = node.Content[i+1]
	}
	return node
}
