// Package awssecret owns the call to AWS Secrets Manager that reads the current value
// of a secret. Package document knows what the value means and how long to use it.
//
// It is a separate package so that functions without a secret do not link the client.
package awssecret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"signpost/shared/secret/document"
)

// attemptTimeout limits one attempt; the caller's context limits all of them.
const attemptTimeout = 2 * time.Second

// Open reads the secret document from its location, and returns a source that keeps
// it up to date and logs a later read that fails. It fails if the document cannot be
// read within 5 seconds or lacks a needed part.
func Open(ctx context.Context, environ map[string]string, location document.Location, now func() time.Time, log *slog.Logger) (*document.Source, error) {
	fetch := document.Literal(location.JSON)
	if location.ID != "" {
		var err error
		if fetch, err = Fetch(environ, location.ID); err != nil {
			return nil, err
		}
	}
	return document.Open(ctx, fetch, document.Options{
		Needs: location.Needs, Now: now,
		Report: func(err error) { log.Error("secret was not read again", "cause", err.Error()) },
	})
}

// Fetch returns a function that reads the secret with this ARN or name. Region,
// credentials and endpoint come from environ, where Lambda and the AWS tools set
// AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
// AWS_ENDPOINT_URL_SECRETS_MANAGER and AWS_ENDPOINT_URL. The SDK's credential chain
// finds nothing else on Lambda, and adds two megabytes to the binary.
func Fetch(environ map[string]string, id string) (func(context.Context) ([]byte, error), error) {
	options := secretsmanager.Options{
		Region: cmp.Or(environ["AWS_REGION"], environ["AWS_DEFAULT_REGION"]),
		HTTPClient: &http.Client{
			Timeout:       attemptTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	key, secretKey := environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
	if id == "" || options.Region == "" || key == "" || secretKey == "" {
		return nil, errors.New("read a secret: its id, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are required; Lambda sets the last three, elsewhere use SECRET_JSON")
	}
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secretKey, SessionToken: environ["AWS_SESSION_TOKEN"]}
	options.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil })
	if endpoint := cmp.Or(environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"], environ["AWS_ENDPOINT_URL"]); endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	client := secretsmanager.New(options)
	return func(ctx context.Context) ([]byte, error) { return read(ctx, client, id) }, nil
}

// read returns the current value. Its errors contain the id and Secrets Manager's
// error code, by which an operator finds a missing permission or a wrong id, and
// nothing else of the response.
func read(ctx context.Context, client *secretsmanager.Client, id string) ([]byte, error) {
	output, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return nil, fmt.Errorf("read secret %s: %s", id, refused.ErrorCode())
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", id, err)
	}
	if output.SecretString != nil {
		return []byte(*output.SecretString), nil
	}
	return output.SecretBinary, nil
}
