package setup

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"signpost/infra/stage"
)

// field accesses one setting as text. set refuses text that is not of the setting's kind.
type field struct {
	get func() string
	set func(string) error
}

// field returns the field for a key: a variable of the functions, or a member of the
// settings' file with its section, such as deployment.domain.
func (s *session) field(key string) (field, error) {
	fields := s.fields()
	if f, ok := fields[key]; ok {
		return f, nil
	}
	if _, ok := stage.Parameters(s.template)[key]; ok {
		return field{
			get: func() string { return s.settings.Variables[key] },
			set: func(value string) error {
				if value == "" {
					delete(s.settings.Variables, key)
				} else {
					s.settings.Variables[key] = value
				}
				return nil
			},
		}, nil
	}
	known := append(slices.Collect(maps.Keys(fields)), slices.Collect(maps.Keys(stage.Parameters(s.template)))...)
	slices.Sort(known)
	return field{}, fmt.Errorf("%s is not a setting; the settings are %s", key, strings.Join(known, ", "))
}

func (s *session) assign(key, value string) error {
	f, err := s.field(key)
	if err != nil {
		return err
	}
	if err := f.set(value); err != nil {
		return fmt.Errorf("%s is %q: %w", key, value, err)
	}
	return nil
}

// fields returns the settings that are not variables, by section and name. Lists and
// tags are not among them: they can be edited in the file only.
func (s *session) fields() map[string]field {
	fields := map[string]field{}
	for section, members := range map[string]reflect.Value{
		"deployment.": reflect.ValueOf(&s.settings.Deployment).Elem(), "integration.": reflect.ValueOf(&s.settings.Integration).Elem(),
	} {
		for i := range members.NumField() {
			name, _, _ := strings.Cut(members.Type().Field(i).Tag.Get("json"), ",")
			if f, ok := fieldOf(members.Field(i)); ok {
				fields[section+name] = f
			}
		}
	}
	return fields
}

// fieldOf returns the field for a text, a boolean or a whole number. An empty value sets
// the zero value, which is empty for a number.
func fieldOf(v reflect.Value) (f field, ok bool) {
	switch v.Kind() {
	case reflect.String:
		return field{v.String, func(value string) error { v.SetString(value); return nil }}, true
	case reflect.Bool:
		return field{func() string { return strconv.FormatBool(v.Bool()) }, func(value string) error {
			if value != "" && value != "true" && value != "false" {
				return errors.New("it must be true or false")
			}
			v.SetBool(value == "true")
			return nil
		}}, true
	case reflect.Int:
		return field{func() string {
			if v.IsZero() {
				return ""
			}
			return strconv.FormatInt(v.Int(), 10)
		}, func(value string) error {
			n, err := strconv.Atoi(value)
			if err != nil && value != "" {
				return errors.New("it must be a whole number")
			}
			v.SetInt(int64(n))
			return nil
		}}, true
	}
	return field{}, false
}
