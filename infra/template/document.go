package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// document is the template as plain maps, with intrinsic functions in their long
// form: {"Ref": "X"} instead of YAML's short tag !Ref X.
type document struct {
	parameters map[string]string // defaults
	mappings   map[string]any
	globals    map[string]any // for functions
	resources  []resource
	known      map[string]bool // logical ids
}

type resource struct {
	id, kind   string
	properties map[string]any
}

func parseDocument(text []byte) (*document, error) {
	root, top, err := readRoot(text)
	if err != nil {
		return nil, err
	}
	doc := &document{parameters: map[string]string{}, known: map[string]bool{}}
	doc.globals, _ = lookup(top, "Globals", "Function").(map[string]any)
	doc.mappings, _ = top["Mappings"].(map[string]any)
	parameters, _ := top["Parameters"].(map[string]any)
	for name, parameter := range parameters {
		doc.parameters[name] = scalar(lookup(parameter, "Default"))
	}
	resources, _ := top["Resources"].(map[string]any)
	order := Member(root, "Resources").Content
	for i := 0; i+1 < len(order); i += 2 {
		id := order[i].Value
		properties, _ := lookup(resources[id], "Properties").(map[string]any)
		doc.known[id] = true
		doc.resources = append(doc.resources, resource{id, scalar(lookup(resources[id], "Type")), properties})
	}
	return doc, nil
}

// Plain reads a template as plain maps, with its intrinsic functions in their long
// form.
func Plain(text []byte) (map[string]any, error) {
	_, top, err := readRoot(text)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return top, nil
}

// readRoot reads the top of a template, as a node and as plain maps.
func readRoot(text []byte) (*yaml.Node, map[string]any, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, nil, err
	}
	if len(document.Content) == 0 {
		return nil, nil, errors.New("it is empty")
	}
	root := document.Content[0]
	plain, err := plainValue(root)
	top, ok := plain.(map[string]any)
	if err == nil && !ok {
		err = errors.New("it is not a mapping")
	}
	return root, top, err
}

// Member is the value at nested keys of a YAML mapping, an empty node if there is
// none.
func Member(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		i := 0
		for i+1 < len(node.Content) && node.Content[i].Value != key {
			i += 2
		}
		if node.Kind != yaml.MappingNode || i+1 >= len(node.Content) {
			return &yaml.Node{}
		}
		node = node.Content[i+1]
	}
	return node
}

// plainValue turns a YAML node into maps, lists and scalars.
func plainValue(node *yaml.Node) (any, error) {
	value, err := untaggedValue(node)
	if err != nil {
		return nil, err
	}
	switch {
	case node.Tag == "!Ref" || node.Tag == "!Condition":
		return map[string]any{node.Tag[1:]: value}, nil
	case isShortTag(node.Tag):
		return map[string]any{"Fn::" + node.Tag[1:]: value}, nil
	}
	return value, nil
}

// isShortTag reports whether a tag is a short form of CloudFormation's, such as !Sub.
func isShortTag(tag string) bool { return len(tag) > 1 && tag[0] == '!' && tag[1] != '!' }

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
	// A scalar with a short tag is text, and so is a date, such as the policy version
	// 2012-10-17.
	if node.Tag == "!!timestamp" || isShortTag(node.Tag) {
		return node.Value, nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}
	return value, nil
}

// lookup returns the value at nested keys of maps, nil if there is none.
func lookup(value any, keys ...string) any {
	for _, key := range keys {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}

// scalar returns the text of a string, number or boolean.
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

// merge applies a function's own properties to the Globals, as SAM does: maps are
// merged, lists are joined, anything else is replaced.
func merge(global, own any) any {
	switch own := own.(type) {
	case nil:
		return global
	case map[string]any:
		globals, ok := global.(map[string]any)
		if !ok || isIntrinsic(own) || isIntrinsic(globals) {
			return own
		}
		result := maps.Clone(globals)
		for key, value := range own {
			result[key] = merge(globals[key], value)
		}
		return result
	case []any:
		if globals, ok := global.([]any); ok {
			return slices.Concat(globals, own)
		}
	}
	return own
}
