package release

import (
	"bytes"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"signpost/infra/distribution"
)

// writeTemplate writes the template with each function's code in its archive,
// for one processor.
func writeTemplate(from, to, architecture string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	top := document.Content[0]
	remove(member(top, "Globals", "Function"), "CodeUri")
	parameter := member(top, "Parameters", "Architecture")
	set(parameter, "Default", architecture)
	member(parameter, "AllowedValues").Content = []*yaml.Node{scalar(architecture)}
	resources := member(top, "Resources")
	for i := 0; i+1 < len(resources.Content); i += 2 {
		id, resource := resources.Content[i].Value, resources.Content[i+1]
		if member(resource, "Type").Value == "AWS::Serverless::Function" {
			remove(resource, "Metadata") // how to build it
			set(member(resource, "Properties"), "CodeUri", distribution.ReleaseArchive(architecture, id))
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

// member is the value at these names; an empty node if there is none.
func member(node *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		i := index(node, name)
		if i < 0 {
			return &yaml.Node{}
		}
		node = node.Content[i+1]
	}
	return node
}

// index is where name is among a mapping's names and values, -1 if nowhere.
func index(node *yaml.Node, name string) int {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return i
		}
	}
	return -1
}

func set(node *yaml.Node, name, value string) {
	remove(node, name)
	node.Content = append(node.Content, scalar(name), scalar(value))
}

func remove(node *yaml.Node, name string) {
	if i := index(node, name); i >= 0 {
		node.Content = append(node.Content[:i], node.Content[i+2:]...)
	}
}
