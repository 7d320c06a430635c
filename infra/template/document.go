package template

import (
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// document is the template as plain maps, its intrinsic functions in their long
// form ({"Ref": "X"}), since YAML's short tags (!Ref X) say the same.
type document struct {
	parameters map[string]string // defaults
	mappings   map[string]any
	globals    map[string]any // of functions
	resources  []resource
	known      map[string]bool // logical ids
}

type resource struct {
	id, kind   string
	properties map[string]any
}

func parseDocument(text []byte) (*document, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, errors.New("it is empty")
	}
	var order struct {
		Resources yaml.Node `yaml:"Resources"`
	}
	if err := root.Decode(&order); err != nil {
		return nil, err
	}
	plain, err := plainValue(root.Content[0])
	if err != nil {
		return nil, err
	}
	top, _ := plain.(map[string]any)
	doc := &document{parameters: map[string]string{}, known: map[string]bool{}}
	doc.globals, _ = lookup(top, "Globals", "Function").(map[string]any)
	doc.mappings, _ = top["Mappings"].(map[string]any)
	parameters, _ := top["Parameters"].(map[string]any)
	for name, parameter := range parameters {
		doc.parameters[name] = scalar(lookup(parameter, "Default"))
	}
	resources, _ := top["Resources"].(map[string]any)
	for i := 0; i+1 < len(order.Resources.Content); i += 2 {
		id := order.Resources.Content[i].Value
		properties, _ := lookup(resources[id], "Properties").(map[string]any)
		doc.known[id] = true
		doc.resources = append(doc.resources, resource{id, scalar(lookup(resources[id], "Type")), properties})
	}
	return doc, nil
}

// Plain reads a template as plain maps, as JSON would give them, with its
// intrinsic functions in their long form.
func Plain(text []byte) (map[string]any, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(root.Content) == 0 {
		return nil, errors.New("template: it is empty")
	}
	plain, err := plainValue(root.Content[0])
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	top, _ := plain.(map[string]any)
	return top, nil
}

// plainValue turns a YAML node into maps, lists and scalars.
func plainValue(node *yaml.Node) (any, error) {
	value, err := untaggedValue(node)
	if err != nil {
		return nil, err
	}
	switch node.Tag {
	case "!Ref", "!Condition":
		return map[string]any{node.Tag[1:]: value}, nil
	}
	if len(node.Tag) > 1 && node.Tag[0] == '!' && node.Tag[1] != '!' {
		return map[string]any{"Fn::" + node.Tag[1:]: value}, nil
	}
	return value, nil
}

func untaggedValue(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.AliasNode:
		return plainValue(node.Alias)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			value, err := plainValue(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.MappingNode:
		result := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, err := plainValue(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			result[node.Content[i].Value] = value
		}
		return result, nil
	}
	// A scalar with a tag of CloudFormation's, or a date, is text to us: the
	// policy version 2012-10-17 is not a moment.
	if node.Tag == "!!timestamp" || len(node.Tag) > 1 && node.Tag[0] == '!' && node.Tag[1] != '!' {
		return node.Value, nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}
	return value, nil
}

// lookup walks down maps; nil when there is nothing.
func lookup(value any, keys ...string) any {
	for _, key := range keys {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}

// scalar is the text of a string, number or boolean.
func scalar(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// merge lays a function's own properties over the Globals, as SAM does: maps
// are merged, lists are joined, anything else is replaced.
func merge(global, own any) any {
	switch own := own.(type) {
	case nil:
		return global
	case map[string]any:
		globals, ok := global.(map[string]any)
		if !ok || isIntrinsic(own) || isIntrinsic(globals) {
			return own
		}
		result := map[string]any{}
		for key, value := range globals {
			result[key] = value
		}
		for key, value := range own {
			result[key] = merge(globals[key], value)
		}
		return result
	case []any:
		if globals, ok := global.([]any); ok {
			return append(append([]any{}, globals...), own...)
		}
	}
	return own
}
