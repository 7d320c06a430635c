package client

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"signpost/infra/local/lambda"
)

// Lambda is the stack's Lambda API.
type Lambda struct{ client Client }

// NewLambda returns the Lambda API at an address.
func NewLambda(base string) Lambda { return Lambda{New(base)} }

// Function is a function's configuration.
type Function struct {
	FunctionName string
	Environment  struct{ Variables map[string]string }
}

// Verifying is the logical id of the function that verifies.
const Verifying = "VerifyConfigsFunction"

// Ask calls the Lambda API and decodes the response into out.
func (l Lambda) Ask(ctx context.Context, method, path string, in, out any) error {
	got, err := l.client.Send(ctx, method, lambda.APIPath+path, in, nil)
	if err != nil {
		return err
	}
	if got.Status != http.StatusOK {
		return fmt.Errorf("the Lambda API responded to %s with %d %.200s", path, got.Status, bytes.TrimSpace(got.Body))
	}
	if got.Header.Get("X-Amz-Function-Error") != "" {
		return fmt.Errorf("the Lambda API responded to %s with an error of the function: %.500s", path, got.Body)
	}
	return got.Into(out)
}

// Functions returns all functions.
func (l Lambda) Functions(ctx context.Context) ([]Function, error) {
	list, err := get[struct{ Functions []Function }](ctx, l, http.MethodGet, "", nil)
	return list.Functions, err
}

// Function returns one function, by its logical id.
func (l Lambda) Function(ctx context.Context, name string) (Function, error) {
	return get[Function](ctx, l, http.MethodGet, name+"/configuration", nil)
}

// Set changes one variable of a function. Lambda's API replaces all of them, so
// they are read first.
func (l Lambda) Set(ctx context.Context, name, variable, value string) error {
	f, err := l.Function(ctx, name)
	if err != nil {
		return err
	}
	f.Environment.Variables[variable] = value
	changed, err := get[Function](ctx, l, http.MethodPut, name+"/configuration", map[string]any{"Environment": f.Environment})
	if err == nil && changed.Environment.Variables[variable] != value {
		err = fmt.Errorf("%s of %s is %q after it was set to %q", variable, name, changed.Environment.Variables[variable], value)
	}
	return err
}

// Report is the response of a verification.
type Report struct{ Verified, Pushed, Deleted, Failed, Left int }

// String lists the counts.
func (r Report) String() string {
	return fmt.Sprintf("verified %d, pushed %d, deleted %d, failed %d, left %d", r.Verified, r.Pushed, r.Deleted, r.Failed, r.Left)
}

// Run runs the schedule once, for what is due.
func (l Lambda) Run(ctx context.Context) (Report, error) {
	return get[Report](ctx, l, http.MethodPost, Verifying+"/invocations", struct{}{})
}

// Verify verifies a customer now.
func (l Lambda) Verify(ctx context.Context, orgID string) (Report, error) {
	return get[Report](ctx, l, http.MethodPost, Verifying+"/invocations", map[string][]string{"orgIds": {orgID}})
}
