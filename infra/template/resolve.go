package template

import (
	"fmt"
	"regexp"
	"strings"
)

// Region and AccountID are the values of AWS's pseudo parameters in the local stack.
const (
	Region    = "us-east-1"
	AccountID = "123456789012"
)

var pseudoParameters = map[string]string{
	"AWS::Region":    Region,
	"AWS::AccountId": AccountID,
	"AWS::Partition": "aws",
	"AWS::URLSuffix": "amazonaws.com",
	"AWS::StackName": "local",
	"AWS::NoValue":   "",
}

// isIntrinsic reports whether a map is a call of an intrinsic function.
func isIntrinsic(value map[string]any) bool {
	if len(value) != 1 {
		return false
	}
	for key := range value {
		return key == "Ref" || key == "Condition" || strings.HasPrefix(key, "Fn::")
	}
	return false
}

// resolve replaces every intrinsic function in value.
func (d *document) resolve(value any) (any, error) {
	switch value := value.(type) {
	case []any:
		result := make([]any, 0, len(value))
		for _, item := range value {
			resolved, err := d.resolve(item)
			if err != nil {
				return nil, err
			}
			result = append(result, resolved)
		}
		return result, nil
	case map[string]any:
		if isIntrinsic(value) {
			return d.intrinsic(value)
		}
		result := make(map[string]any, len(value))
		for key, item := range value {
			resolved, err := d.resolve(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			result[key] = resolved
		}
		return result, nil
	}
	return value, nil
}

func (d *document) intrinsic(call map[string]any) (any, error) {
	for name, argument := range call {
		switch name {
		case "Ref":
			return d.reference(scalar(argument))
		case "Fn::GetAtt":
			return d.attribute(argument)
		case "Fn::Sub":
			return d.substitute(argument)
		case "Fn::FindInMap":
			return d.mapped(argument)
		default:
			return nil, fmt.Errorf("the local stack does not support %s", name)
		}
	}
	return nil, nil
}

// reference is Ref: a parameter's default, or a resource's name.
func (d *document) reference(name string) (string, error) {
	if value, ok := d.parameters[name]; ok {
		return value, nil
	}
	if value, ok := pseudoParameters[name]; ok {
		return value, nil
	}
	if d.known[name] {
		return name, nil
	}
	return "", fmt.Errorf("it refers to %s, which is neither a parameter nor a resource", name)
}

// attribute is GetAtt: a made-up ARN that contains the resource and the attribute.
func (d *document) attribute(argument any) (string, error) {
	path := scalar(argument)
	if list, ok := argument.([]any); ok {
		parts := make([]string, 0, len(list))
		for _, part := range list {
			parts = append(parts, scalar(part))
		}
		path = strings.Join(parts, ".")
	}
	id, _, _ := strings.Cut(path, ".")
	if !d.known[id] {
		return "", fmt.Errorf("it refers to %s, which is not a resource", id)
	}
	return fmt.Sprintf("arn:aws:local:%s:%s:%s", Region, AccountID, path), nil
}

// mapped is FindInMap: the value of a mapping at two keys.
func (d *document) mapped(argument any) (any, error) {
	resolved, err := d.resolve(argument)
	if err != nil {
		return nil, err
	}
	var path []string
	list, _ := resolved.([]any)
	for _, key := range list {
		path = append(path, scalar(key))
	}
	value := lookup(d.mappings, path...)
	if len(path) != 3 || value == nil {
		return nil, fmt.Errorf("it looks up %s, which is in no mapping", strings.Join(path, ", "))
	}
	return value, nil
}

var placeholder = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// substitute is Fn::Sub, with or without its own variables.
func (d *document) substitute(argument any) (string, error) {
	text, own := scalar(argument), map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		text = scalar(list[0])
		own, _ = list[1].(map[string]any)
	}
	var failed error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		groups := placeholder.FindStringSubmatch(match)
		name := strings.TrimSpace(groups[2])
		if groups[1] == "!" { // ${!Literal} stands for ${Literal}
			return "${" + name + "}"
		}
		value, err := d.placeholder(name, own)
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return result, failed
}

func (d *document) placeholder(name string, own map[string]any) (string, error) {
	if value, ok := own[name]; ok {
		resolved, err := d.resolve(value)
		return scalar(resolved), err
	}
	if strings.Contains(name, ".") {
		return d.attribute(name)
	}
	return d.reference(name)
}
