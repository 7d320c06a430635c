package story

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"signpost/infra/local/lambda"
)

type lambdaAPI struct{ client }

type function struct {
	FunctionName string
	Environment  struct{ Variables map[string]string }
}

// functionVerify is the logical id of the function that verifies.
const functionVerify = "VerifyConfigsFunction"

func (l lambdaAPI) ask(ctx context.Context, method, path string, in, out any) error {
	got, err := l.send(ctx, method, lambda.APIPath+path, in, nil)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("the Lambda API responded to %s with %d %.200s", path, got.status, bytes.TrimSpace(got.body))
	}
	if got.header.Get("X-Amz-Function-Error") != "" {
		return fmt.Errorf("the Lambda API responded to %s with an error of the function: %.500s", path, got.body)
	}
	return got.into(out)
}

func (l lambdaAPI) functions(ctx context.Context) ([]function, error) {
	list, err := get[struct{ Functions []function }](ctx, l, http.MethodGet, "", nil)
	return list.Functions, err
}

func (l lambdaAPI) function(ctx context.Context, name string) (function, error) {
	return get[function](ctx, l, http.MethodGet, name+"/configuration", nil)
}

// set changes one variable of a function. Lambda's API replaces all of them, so
// they are read first.
func (l lambdaAPI) set(ctx context.Context, name, variable, value string) error {
	f, err := l.function(ctx, name)
	if err != nil {
		return err
	}
	f.Environment.Variables[variable] = value
	changed, err := get[function](ctx, l, http.MethodPut, name+"/configuration", map[string]any{"Environment": f.Environment})
	if err == nil && changed.Environment.Variables[variable] != value {
		err = fmt.Errorf("%s of %s is %q after it was set to %q", variable, name, changed.Environment.Variables[variable], value)
	}
	return err
}

// report is the response of a verification.
type report struct{ Verified, Pushed, Deleted, Failed, Left int }

func (r report) String() string {
	return fmt.Sprintf("verified %d, pushed %d, deleted %d, failed %d, left %d", r.Verified, r.Pushed, r.Deleted, r.Failed, r.Left)
}

func (l lambdaAPI) verify(ctx context.Context, orgID string) (report, error) {
	return get[report](ctx, l, http.MethodPost, functionVerify+"/invocations", map[string][]string{"orgIds": {orgID}})
}
