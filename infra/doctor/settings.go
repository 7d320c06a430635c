package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"signpost/infra/template"
	"signpost/shared/assembly"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/secret"
)

// errSettings marks settings that are wrong.
var errSettings = errors.New("settings")

// setting is a variable's value and where it came from.
type setting struct{ value, source string }

// sources of settings.
const (
	fromEnvironment = "environment"
	fromStack       = "local stack"
	fromStage       = "stage"
	fromFlag        = "flag"
	unset           = "not set"
)

const tableVariable = "INSTALLATIONS_TABLE"

// secretVariables are never shown.
var secretVariables = map[string]bool{"SECRET_JSON": true, "SECRET_ORIGIN_KEY": true}

// settings finds every variable that the template gives to its functions. The
// template is what names them: there is no second list.
func (d *doctor) settings(ctx context.Context) (map[string]setting, error) {
	names, functions, err := d.variables()
	if err != nil {
		return nil, err
	}
	others, origin, err := d.others(ctx, functions)
	if err != nil {
		return nil, err
	}
	environ := config.Environ(d.environ())
	found := map[string]setting{}
	for _, name := range names {
		// What a deployment's functions have is in the stage's file alone; where
		// AWS is, is this machine's to say.
		ofStage := d.stage != "" && !strings.HasPrefix(name, "AWS_")
		one := setting{others[name], origin}
		if environ[name] != "" && !ofStage {
			one = setting{environ[name], fromEnvironment}
		}
		if name == tableVariable && d.table != "" {
			one = setting{d.table, fromFlag}
		}
		if one.value == "" {
			one.source = unset
		}
		found[name] = one
	}
	return found, nil
}

// others are settings that are not in the environment, and where they are: in a
// stage's file, or at the local stack. It is asked only where no deployment is
// named: what that leaves out, such as the page of a feature that it does not
// provide, would else reach customers as this machine's.
func (d *doctor) others(ctx context.Context, functions []string) (map[string]string, string, error) {
	if d.stage != "" {
		environ, err := d.ofStage()
		return environ, fromStage, err
	}
	stack := map[string]string{}
	for _, function := range functions {
		for name, value := range d.askStack(ctx, function) {
			stack[name] = mergedSecret(name, stack[name], value)
		}
	}
	return stack, fromStack, nil
}

// variables lists the variables of all functions, and the functions.
func (d *doctor) variables() (names, functions []string, err error) {
	described, err := template.Read(filepath.Join(d.root, "template.yaml"))
	if err != nil {
		return nil, nil, fmt.Errorf("read the template (-root says where the project is): %w", err)
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

// askStack asks the local stack's Lambda API for a function's variables;
// nothing if no stack answers there.
func (d *doctor) askStack(ctx context.Context, function string) map[string]string {
	if d.api == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	url := strings.TrimSuffix(d.api, "/") + "/2015-03-31/functions/" + function + "/configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var answer struct {
		Environment struct{ Variables map[string]string }
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&answer) != nil {
		return nil
	}
	return answer.Environment.Variables
}

// mergedSecret joins the parts of the secret document that different functions
// have; any other variable is the same for all of them.
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

// values are the settings that have one, as an environment.
func values(settings map[string]setting) map[string]string {
	environ := map[string]string{}
	for name, setting := range settings {
		if setting.value != "" {
			environ[name] = setting.value
		}
	}
	environ["AWS_SAM_LOCAL"] = "true" // this is no function on AWS: loopback hosts are fine
	return environ
}

// patient is what all the commands that touch an installation work with.
type patient struct {
	assembly.Parts
	store *dynamo.Store
	appID string
}

// patient assembles what the functions are made of, with these settings.
func (d *doctor) patient(ctx context.Context) (patient, error) {
	settings, err := d.settings(ctx)
	if err != nil {
		return patient{}, err
	}
	environ := values(settings)
	if err := d.signIn(ctx, environ); err != nil {
		return patient{}, fmt.Errorf("%w: %w", errSettings, err)
	}
	done := d.progress("reading the secret")
	parts, err := assembly.Assemble(ctx, environ, slog.New(slog.DiscardHandler))
	done()
	if err != nil {
		return patient{}, fmt.Errorf("%w: %s:\n%w", errSettings, d.whereFrom(settings), err)
	}
	client, err := dynamo.Open(environ)
	if err != nil {
		return patient{}, fmt.Errorf("%w: %w", errSettings, err)
	}
	return patient{Parts: parts, store: dynamo.New(client, environ[tableVariable]), appID: environ["WEBEX_APP_ID"]}, nil
}

// config shows every setting and all that is wrong with them.
func (d *doctor) config(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usageError{"config takes no argument"}
	}
	settings, err := d.settings(ctx)
	if err != nil {
		return err
	}
	type row struct {
		Name, Value, Source string
	}
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		shown := settings[name].value
		if secretVariables[name] && shown != "" {
			shown = secret.Redacted
		}
		rows = append(rows, row{name, shown, settings[name].source})
	}
	var wrong []string
	if err := config.Check(values(settings)); err != nil {
		wrong = strings.Split(err.Error(), "\n")
	}
	if d.json {
		if err := d.print(map[string]any{"settings": rows, "problems": append([]string{}, wrong...)}); err != nil {
			return err
		}
	} else {
		d.table3("VARIABLE", "FROM", "VALUE", len(rows), func(i int) (string, string, string) { return rows[i].Name, rows[i].Source, rows[i].Value })
		d.blank()
		for _, problem := range wrong {
			d.bad(problem)
		}
		if len(wrong) == 0 {
			d.good("all settings are good")
		}
	}
	if len(wrong) > 0 {
		return errFound
	}
	return nil
}

// whereFrom says where settings were looked for, for when some are missing.
func (d *doctor) whereFrom(settings map[string]setting) string {
	for _, setting := range settings {
		if setting.source == fromStack || setting.source == fromStage {
			return "`doctor config` shows where each comes from"
		}
	}
	if d.api == "" {
		return "the environment lacks some of a deployed stack's (-stage takes them from a stage's file)"
	}
	return fmt.Sprintf("no local stack answers at %s (make dev starts one; PORT or -api say where), and the environment lacks some", d.api)
}
