package release

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"signpost/infra/distribution"
	"signpost/infra/template"
)

// writeTemplate writes the template for one architecture, with the functions'
// archives as their code.
func writeTemplate(from, to, architecture string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	root := document.Content[0]
	removeMember(template.Member(root, "Globals", "Function"), "CodeUri")
	parameter := template.Member(root, "Parameters", "Architecture")
	setMember(parameter, "Default", architecture)
	template.Member(parameter, "AllowedValues").Content = []*yaml.Node{scalar(architecture)}
	resources := template.Member(root, "Resources").Content
	for i := 0; i+1 < len(resources); i += 2 {
		id, resource := resources[i].Value, resources[i+1]
		if template.Member(resource, "Type").Value == "AWS::Serverless::Function" {
			removeMember(resource, "Metadata") // which says how to build it
			setMember(template.Member(resource, "Properties"), "CodeUri", distribution.ReleaseArchive(architecture, id))
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: value}
}

func setMember(node *yaml.Node, name, value string) {
	removeMember(node, name)
	node.Content = append(node.Content, scalar(name), scalar(value))
}

func removeMember(node *yaml.Node, name string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			node.Content = slices.Delete(node.Content, i, i+2)
			return
		}
	}
}
