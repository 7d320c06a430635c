package main

import (
	"context"
	"fmt"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"signpost/infra/stage"
	"signpost/shared/config"
)

// ofStage are the settings in a stage's file, as its functions have them.
func (d *doctor) ofStage() (map[string]string, error) {
	settings, found, err := stage.Read(d.root, d.stage)
	if err == nil && !found {
		err = fmt.Errorf("there are none of %s: make setup STAGE=%s", d.stage, d.stage)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSettings, err)
	}
	return settings.Environment(), nil
}

// awsVariables say where AWS is, and who asks. On Lambda they are all there.
var awsVariables = []string{
	"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}

// signIn adds to environ what Lambda gives its functions.
func (d *doctor) signIn(ctx context.Context, environ map[string]string) error {
	given := config.Environ(d.environ())
	for _, name := range awsVariables {
		if value, ok := given[name]; ok {
			environ[name] = value
		}
	}
	onAWS := environ["AWS_ENDPOINT_URL_DYNAMODB"] == "" || environ["SECRET_JSON"] == "" && environ["SECRET_ID"] != ""
	if onAWS && environ["AWS_ACCESS_KEY_ID"] == "" {
		if err := findCredentials(ctx, environ); err != nil {
			return err
		}
	}
	return nil
}

// findCredentials looks for them, and the region, as the AWS tools do: in
// profiles, a single sign-on and the like, of which the functions know nothing.
func findCredentials(ctx context.Context, environ map[string]string) error {
	found, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("AWS: %w", err)
	}
	credentials, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("AWS: no credentials are found (AWS_PROFILE names a profile): %w", err)
	}
	if environ["AWS_REGION"] == "" {
		environ["AWS_REGION"] = found.Region
	}
	environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"] = credentials.AccessKeyID, credentials.SecretAccessKey
	environ["AWS_SESSION_TOKEN"] = credentials.SessionToken
	return nil
}
