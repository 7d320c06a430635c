// Package start starts the Lambda functions: the common part of their main packages.
// It links only what every function needs.
package start

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"signpost/shared/config"
)

// Build makes the handler of a Lambda function from its settings. Its error is a
// [*config.Error] with every wrong setting, or says what could not be built.
type Build[H any] func(ctx context.Context, environ map[string]string, log *slog.Logger) (H, error)

// Function serves a Lambda function: it builds the handler from environ, a list
// as from os.Environ, and logs to out as JSON. It returns only if the handler
// could not be built, after logging why: one line for each wrong setting.
func Function[H any](environ []string, out io.Writer, build Build[H]) {
	log := slog.New(slog.NewJSONHandler(out, nil))
	handler, err := build(context.Background(), config.Environ(environ), log)
	if err == nil {
		lambda.Start(handler)
		return
	}
	settings, ok := errors.AsType[*config.Error](err)
	if !ok {
		log.Error("not started", "cause", err.Error())
		return
	}
	for _, problem := range settings.Problems {
		log.Error("setting is wrong", "variable", problem.Variable, "wrong", problem.Wrong, "fix", problem.Fix)
	}
}
