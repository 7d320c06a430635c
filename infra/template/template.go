// Package template reads a SAM template: its functions, the routes and schedules
// that call them, their environment, and the tables.
//
// It supports what this project's template uses of SAM (Globals, HttpApi and
// schedule events, the API's route settings, parameters, Ref, GetAtt, Sub,
// FindInMap), and refuses anything else, so that the local stack never differs
// from a deployment.
package template

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Template is the content of a template.
type Template struct {
	Functions []Function // in the template's order
	Tables    []Table
}

// Function is one AWS::Serverless::Function, merged with the Globals.
type Function struct {
	LogicalID   string
	Timeout     time.Duration
	MemorySize  int // MB
	Environment map[string]Value
	Routes      []Route
	Schedules   []Schedule
}

// Value is the value of a variable in a function's environment.
type Value struct {
	Text string // with references resolved; a parameter without a default is empty
	Ref  string // the parameter or resource, if the whole value is a reference
}

// Route is a method and path that API Gateway sends to a function.
type Route struct {
	Method string // upper case; ANY for all
	Path   string // as in the template, with {parameters}
	Limit  Limit
}

// Key is API Gateway's key of the route, such as "POST /launches/{code}".
func (r Route) Key() string {
	if r.Path == defaultRoute {
		return defaultRoute
	}
	return r.Method + " " + r.Path
}

// defaultRoute is API Gateway's route for requests that match no other route.
const defaultRoute = "$default"

// Schedule invokes a function at a fixed rate.
type Schedule struct {
	Name  string
	Every time.Duration
	Input string // the event; empty for EventBridge Scheduler's own
}

// Folder is the folder of a function's code below functions/: the logical id without
// "Function", in lower case. The Makefile has the same rule.
func (f Function) Folder() string {
	return strings.ToLower(strings.TrimSuffix(f.LogicalID, "Function"))
}

// Read reads a template file. The error contains everything that is wrong.
func Read(file string) (*Template, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return Parse(text)
}

// Parse reads a template. The error contains everything that is wrong.
func Parse(text []byte) (*Template, error) {
	doc, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	result := &Template{}
	var problems []error
	for _, resource := range doc.resources {
		switch resource.kind {
		case "AWS::Serverless::Function":
			function, err := doc.function(resource)
			problems = append(problems, err)
			result.Functions = append(result.Functions, function)
		case "AWS::DynamoDB::Table":
			table, err := doc.table(resource)
			problems = append(problems, err)
			result.Tables = append(result.Tables, table)
		}
	}
	if len(result.Functions) == 0 {
		problems = append(problems, errors.New("template: it has no functions"))
	}
	problems = append(problems, duplicateRoutes(result.Functions), doc.limits(result.Functions))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return result, nil
}

// duplicateRoutes returns an error for each route of two functions.
func duplicateRoutes(functions []Function) error {
	var problems []error
	owner := map[string]string{}
	for _, function := range functions {
		for _, route := range function.Routes {
			if other, taken := owner[route.Key()]; taken {
				problems = append(problems, fmt.Errorf("template: %s and %s both have the route %s", other, function.LogicalID, route.Key()))
			}
			owner[route.Key()] = function.LogicalID
		}
	}
	return errors.Join(problems...)
}
