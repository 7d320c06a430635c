package dynamo

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// The tightest response budget is 2 s, and DynamoDB responds within milliseconds: a
// request that hangs (a connection that died while the function was frozen) times out
// early enough to be repeated within that time.
const (
	connectTimeout  = time.Second
	responseTimeout = 1500 * time.Millisecond
	maxAttempts     = 3
	maxBackoff      = 200 * time.Millisecond
	// maxIdleConns lets the workers of a scheduled run reuse connections.
	maxIdleConns = 64
)

// NewClient returns a client with time limits and retries that fit a function with
// 2 s to respond: at most three attempts, each with 1 s to connect and 1.5 s for the
// response. An HTTPClient or Retryer in cfg is kept.
func NewClient(cfg aws.Config, options ...func(*dynamodb.Options)) *dynamodb.Client {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
			WithTransportOptions(func(t *http.Transport) {
				t.TLSHandshakeTimeout = connectTimeout
				t.ResponseHeaderTimeout = responseTimeout
				t.MaxIdleConnsPerHost = maxIdleConns
			})
	}
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = maxAttempts, maxBackoff
			})
		}
	}
	return dynamodb.NewFromConfig(cfg, options...)
}

// Open returns a client for environ, the environment that Lambda gives its
// functions: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, and
// AWS_ENDPOINT_URL_DYNAMODB (or AWS_ENDPOINT_URL) for another DynamoDB, which
// needs none of the others. It does no I/O. Other sources of credentials, such as
// profiles, are not supported on purpose: the SDK's config module, which has them
// all, slows down cold starts. The error lists everything that is missing or wrong.
func Open(environ map[string]string) (*dynamodb.Client, error) {
	cfg, err := readEnviron(environ)
	if err != nil {
		return nil, fmt.Errorf("open DynamoDB: %w", err)
	}
	return NewClient(cfg), nil
}

// readEnviron reads what Open documents and reports all that is wrong with it.
func readEnviron(environ map[string]string) (aws.Config, error) {
	cfg := aws.Config{Region: environ["AWS_REGION"]}
	key, secret, session := environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ["AWS_SESSION_TOKEN"]
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} {
		endpoint := environ[name]
		if endpoint == "" {
			continue
		}
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return aws.Config{}, fmt.Errorf("%s is not an http or https URL", name)
		}
		cfg.BaseEndpoint = &endpoint
	}
	if cfg.BaseEndpoint != nil {
		// Emulators require a signature but do not check it.
		if cfg.Region == "" {
			cfg.Region = "us-east-1"
		}
		if key == "" && secret == "" {
			key, secret = "local", "local"
		}
	}
	var faults []error
	if cfg.Region == "" {
		faults = append(faults, errors.New("AWS_REGION is not set"))
	}
	if key == "" || secret == "" {
		faults = append(faults, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"))
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, session)
	return cfg, errors.Join(faults...)
}
