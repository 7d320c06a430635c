package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"signpost/infra/local/client"
	"signpost/infra/template"
	"signpost/infra/terminal"
	"signpost/shared/config"
	"signpost/shared/secret"
)

type setting struct{ value, source string }

// Sources of settings.
const (
	fromEnvironment = "environment"
	fromStack       = "local stack"
	fromStage       = "stage"
	fromFlag        = "flag"
	unset           = "not set"
)

const tableVariable = "INSTALLATIONS_TABLE"

var secretVariables = map[string]bool{"SECRET_JSON": true, "SECRET_ORIGIN_KEY": true}

// settings finds the value of every variable that the template gives to its
// functions.
func (o *Operator) settings(ctx context.Context) (map[string]setting, error) {
	names, functions, err := o.variables()
	if err != nil {
		return nil, err
	}
	base, source, err := o.baseSettings(ctx, functions)
	if err != nil {
		return nil, err
	}
	found := map[string]setting{}
	for _, name := range names {
		s := setting{base[name], source}
		// The environment overrides nothing in a stage's file, except for the AWS account
		// and region.
		if o.Environ[name] != "" && (o.Stage == "" || strings.HasPrefix(name, "AWS_")) {
			s = setting{o.Environ[name], fromEnvironment}
		}
		if name == tableVariable && o.TableName != "" {
			s = setting{o.TableName, fromFlag}
		}
		if s.value == "" {
			s.source = unset
		}
		found[name] = s
	}
	return found, nil
}

// baseSettings returns the settings that the environment and the flag override, from
// the stage's file or from the local stack, and their source. For a deployment the local
// stack is not asked: it would add what the deployment leaves unset, such as the page of
// a feature that it does not provide.
func (o *Operator) baseSettings(ctx context.Context, functions []string) (map[string]string, string, error) {
	if o.Stage != "" {
		environ, err := o.stageSettings()
		return environ, fromStage, err
	}
	url := o.localURL()
	if url == "" {
		return nil, fromEnvironment, nil
	}
	environ := map[string]string{}
	for _, function := range functions {
		for name, value := range stackVariables(ctx, url, function) {
			environ[name] = mergedSecret(name, environ[name], value)
		}
	}
	if len(environ) == 0 {
		err := fmt.Errorf("no local stack answers at %s (PORT sets the port)", url)
		return nil, "", terminal.Fixable(err, "make dev, or select a deployment with --stage NAME")
	}
	return environ, fromStack, nil
}

// variables returns the variables of all functions, and the functions' logical ids.
func (o *Operator) variables() (names, functions []string, err error) {
	described, err := template.Read(o.Template)
	if err != nil {
		return nil, nil, fmt.Errorf("read the template: %w", err)
	}
	all := map[string]bool{}
	for _, function := range described.Functions {
		functions = append(functions, function.LogicalID)
		for name := range function.Environment {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), functions, nil
}

// stackVariables reads a function's variables from the local stack's Lambda API. It
// returns nil if no stack answers.
func stackVariables(ctx context.Context, api, function string) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	asked, err := client.NewLambda(api).Function(ctx, function)
	if err != nil {
		return nil
	}
	return asked.Environment.Variables
}

// mergedSecret merges the secret documents of two functions, which have different
// parts. Other variables have the same value in all functions.
func mergedSecret(name, one, other string) string {
	if name != "SECRET_JSON" || one == "" {
		return other
	}
	whole := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(one), &whole) != nil || json.Unmarshal([]byte(other), &whole) != nil {
		return one
	}
	merged, err := json.Marshal(whole)
	if err != nil {
		return one
	}
	return string(merged)
}

// values returns the settings that have a value, as an environment.
func values(settings map[string]setting) map[string]string {
	environ := map[string]string{}
	for name, setting := range settings {
		if setting.value != "" {
			environ[name] = setting.value
		}
	}
	environ["AWS_SAM_LOCAL"] = "true" // off AWS, loopback hosts are allowed
	return environ
}

// Settings prints every setting and everything that is wrong with them. It returns
// terminal.ErrFindings if anything is.
func (o *Operator) Settings(ctx context.Context) error {
	settings, err := o.settings(ctx)
	if err != nil {
		return err
	}
	type row struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Source string `json:"source"`
	}
	var rows []row
	var cells [][]string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		shown := settings[name].value
		if secretVariables[name] && shown != "" {
			shown = secret.Redacted
		}
		rows = append(rows, row{name, shown, settings[name].source})
		cells = append(cells, []string{name, settings[name].source, shown})
	}
	wrong, environ := []string{}, values(settings)
	undeployed := o.Stage != "" && environ["INSTALLATIONS_TABLE"] == ""
	if undeployed {
		environ["INSTALLATIONS_TABLE"] = "known-once-deployed"
	}
	if err := config.Check(environ); err != nil {
		wrong = strings.Split(err.Error(), "\n")
	}
	if o.JSON {
		err = o.Print(map[string]any{"settings": rows, "problems": wrong})
	} else {
		o.Table([]string{"VARIABLE", "FROM", "VALUE"}, cells)
		o.Blank()
		for _, problem := range wrong {
			o.Bad(problem)
		}
		if undeployed {
			o.Note("INSTALLATIONS_TABLE is known after the first signpost deploy" + o.stageFlag())
		}
		if len(wrong) == 0 {
			o.Good("all settings are valid")
		}
	}
	return terminal.Findings(len(wrong) > 0, err)
}
