package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Defaults of SAM and Lambda.
const (
	defaultTimeout    = 3 * time.Second
	defaultMemorySize = 128
)

func (d *document) function(r resource) (Function, error) {
	function := Function{LogicalID: r.id, Timeout: defaultTimeout, MemorySize: defaultMemorySize, Environment: map[string]Value{}}
	var problems []error
	report := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("template: %s: %s: %w", r.id, what, err))
		}
	}
	var globals any
	if d.globals != nil {
		globals = d.globals
	}
	properties, _ := merge(globals, r.properties).(map[string]any)

	seconds, err := d.number(properties["Timeout"])
	report("Timeout", err)
	if seconds > 0 {
		function.Timeout = time.Duration(seconds) * time.Second
	}
	megabytes, err := d.number(properties["MemorySize"])
	report("MemorySize", err)
	if megabytes > 0 {
		function.MemorySize = megabytes
	}

	variables, _ := lookup(properties, "Environment", "Variables").(map[string]any)
	for name, raw := range variables {
		resolved, err := d.resolve(raw)
		report("Environment: "+name, err)
		function.Environment[name] = Value{Text: scalar(resolved), Ref: scalar(lookup(raw, "Ref"))}
	}
	events, _ := properties["Events"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(events)) {
		report("Events: "+name, d.event(&function, name, events[name]))
	}
	return function, errors.Join(problems...)
}

// event adds the route or schedule of an event source to a function. It refuses
// unknown types, since the local stack would not call the function as AWS does.
func (d *document) event(function *Function, name string, raw any) error {
	event, err := d.resolve(raw)
	if err != nil {
		return err
	}
	properties := lookup(event, "Properties")
	switch kind := scalar(lookup(event, "Type")); kind {
	case "HttpApi":
		route, err := parseRoute(scalar(lookup(properties, "Method")), scalar(lookup(properties, "Path")))
		if err != nil {
			return err
		}
		function.Routes = append(function.Routes, route)
	case "ScheduleV2", "Schedule":
		if isOff(properties) {
			return nil
		}
		expression := scalar(lookup(properties, "ScheduleExpression")) + scalar(lookup(properties, "Schedule"))
		every, err := parseRate(expression)
		if err != nil {
			return err
		}
		input := scalar(lookup(properties, "Input"))
		function.Schedules = append(function.Schedules, Schedule{Name: function.LogicalID + name, Every: every, Input: input})
	default:
		return fmt.Errorf("the local stack does not support events of type %q", kind)
	}
	return nil
}

// isOff reports whether a schedule is disabled.
func isOff(properties any) bool {
	return scalar(lookup(properties, "State")) == "DISABLED" || scalar(lookup(properties, "Enabled")) == "false"
}

func parseRoute(method, path string) (Route, error) {
	if path == "" && method == "" || path == defaultRoute {
		return Route{Path: defaultRoute}, nil
	}
	if !strings.HasPrefix(path, "/") {
		return Route{}, fmt.Errorf("its path %q does not begin with a slash", path)
	}
	if method == "" || strings.EqualFold(method, "x-amazon-apigateway-any-method") {
		method = "ANY"
	}
	return Route{Method: strings.ToUpper(method), Path: path}, nil
}

var rate = regexp.MustCompile(`^rate\(\s*([1-9][0-9]*)\s+(minute|hour|day)s?\s*\)$`)

// parseRate parses an expression such as rate(5 minutes). Cron expressions are not
// supported.
func parseRate(expression string) (time.Duration, error) {
	match := rate.FindStringSubmatch(expression)
	if match == nil {
		return 0, fmt.Errorf("the local stack supports schedules like rate(1 minute), not %q", expression)
	}
	count, err := strconv.Atoi(match[1])
	if err != nil {
		return 0, err
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[match[2]]
	return time.Duration(count) * unit, nil
}

// number resolves a whole number, 0 if there is none.
func (d *document) number(raw any) (int, error) {
	value, err := d.resolve(raw)
	if err != nil || value == nil {
		return 0, err
	}
	return strconv.Atoi(scalar(value))
}
