package setup

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"signpost/infra/stage"
)

// field accesses one setting as text.
type field struct {
	get func() string
	set func(string)
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
			set: func(value string) {
				if value == "" {
					delete(s.settings.Variables, key)
					return
				}
				s.settings.Variables[key] = value
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
	f.set(value)
	if f.get() != value {
		return fmt.Errorf("%s is %q: it must be a number, or true or false", key, value)
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

// fieldOf returns the field for a text, a boolean or a number. Setting a number treats
// empty text as 0, and ignores text that is not a number.
func fieldOf(v reflect.Value) (f field, ok bool) {
	switch v.Kind() {
	case reflect.String:
		return field{v.String, v.SetString}, true
	case reflect.Bool:
		return field{func() string { return strconv.FormatBool(v.Bool()) }, func(value string) { v.SetBool(value == "true") }}, true
	case reflect.Int:
		return field{
			get: func() string {
				if v.IsZero() {
					return ""
				}
				return strconv.FormatInt(v.Int(), 10)
			},
			set: func(value string) {
				if n, err := strconv.Atoi(value); err == nil || value == "" {
					v.SetInt(int64(n))
				}
			},
		}, true
	}
	return field{}, false
}
