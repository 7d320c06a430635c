// Package template reads a SAM template for the local stack: which functions
// there are, what calls them, with which environment, on which table.
//
// It owns the reading and nothing else. It understands as much of SAM as this
// project's template uses (Globals, HttpApi and schedule events, the API's route
// settings, parameters, Ref, GetAtt, Sub), and refuses what it does not understand rather than
// running something else than what would be deployed. It starts nothing.
package template

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Template is what the local stack runs.
type Template struct {
	Functions []Function // in the template's order
	Tables    []Table
}

// Function is one AWS::Serverless::Function, with the Globals merged in.
type Function struct {
	LogicalID   string
	Timeout     time.Duration
	MemorySize  int // MB
	Environment map[string]Value
	Routes      []Route
	Schedules   []Schedule
}

// Value is a variable of a function's environment.
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

// Key is the route's name, as API Gateway writes it: "POST /launches/{code}".
func (r Route) Key() string {
	if r.Path == defaultRoute {
		return defaultRoute
	}
	return r.Method + " " + r.Path
}

// defaultRoute is API Gateway's route for what no other route takes.
const defaultRoute = "$default"

// Schedule calls a function again and again.
type Schedule struct {
	Name  string
	Every time.Duration
	Input string // the event; empty for EventBridge Scheduler's own
}

// Folder is where a function's code is, below functions/: the logical id
// without "Function", in lower case. The Makefile has the same rule.
func (f Function) Folder() string {
	return strings.ToLower(strings.TrimSuffix(f.LogicalID, "Function"))
}

// Read reads a template file. The error names everything that is wrong.
func Read(file string) (*Template, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return Parse(text)
}

// Parse reads a template. The error names everything that is wrong.
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
		problems = append(problems, errors.New("template: it has no function"))
	}
	problems = append(problems, duplicateRoutes(result.Functions), doc.limits(result.Functions))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return result, nil
}

// duplicateRoutes reports routes that two functions claim.
func duplicateRoutes(functions []Function) error {
	var problems []error
	owner := map[string]string{}
	for _, function := range functions {
		for _, route := range function.Routes {
			if other, taken := owner[route.Key()]; taken {
				problems = append(problems, fmt.Errorf("template: %s and %s both take %s", other, function.LogicalID, route.Key()))
			}
			owner[route.Key()] = function.LogicalID
		}
	}
	return errors.Join(problems...)
}
