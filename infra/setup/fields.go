package setup

import (
	"fmt"
	"maps"
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

// assign applies one --set.
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

// fields returns the settings that are not variables. Lists and tags can be edited
// in the file only.
func (s *session) fields() map[string]field {
	d, i := &s.settings.Deployment, &s.settings.Integration
	return map[string]field{
		"deployment.architecture":        textField(&d.Architecture),
		"deployment.logRetentionDays":    numberField(&d.LogRetentionDays),
		"deployment.domain":              textField(&d.Domain),
		"deployment.certificateArn":      textField(&d.CertificateARN),
		"deployment.hostedZoneId":        textField(&d.HostedZoneID),
		"deployment.firewall":            boolField(&d.Firewall),
		"deployment.apiUrl":              textField(&d.APIURL),
		"deployment.table":               textField(&d.Table),
		"deployment.alarmEmail":          textField(&d.AlarmEmail),
		"deployment.tokenInvalidPerDay":  numberField(&d.TokenInvalidPerDay),
		"deployment.reservedConcurrency": numberField(&d.ReservedConcurrency),
		"deployment.verifyRuns":          numberField(&d.VerifyRuns),
		"deployment.schedules":           textField(&d.Schedules),
		"integration.displayName":        textField(&i.DisplayName),
		"integration.email":              textField(&i.Email),
		"integration.description":        textField(&i.Description),
		"integration.descriptionUrl":     textField(&i.DescriptionURL),
		"integration.tocUrl":             textField(&i.TermsURL),
		"integration.availability":       textField(&i.Availability),
		"integration.provisioning":       textField(&i.Provisioning),
		"integration.role":               textField(&i.Role),
		"integration.jsxapi":             boolField(&i.JSXAPI),
	}
}

func textField(text *string) field {
	return field{get: func() string { return *text }, set: func(value string) { *text = value }}
}

func boolField(on *bool) field {
	return field{get: func() string { return strconv.FormatBool(*on) }, set: func(value string) { *on = value == "true" }}
}

// numberField treats empty text as 0, and ignores text that is not a number.
func numberField(number *int) field {
	return field{
		get: func() string {
			if *number == 0 {
				return ""
			}
			return strconv.Itoa(*number)
		},
		set: func(value string) {
			if n, err := strconv.Atoi(value); err == nil || value == "" {
				*number = n
			}
		},
	}
}
