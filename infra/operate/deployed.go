package operate

import (
	"context"
	"fmt"

	"signpost/infra/awsconfig"
	"signpost/infra/stage"
	"signpost/infra/terminal"
)

// stageSettings returns the settings in the stage's file, as its functions get them.
func (o *Operator) stageSettings() (map[string]string, error) {
	settings, err := stage.Load(o.Config, o.Stage)
	if err != nil {
		return nil, terminal.UsageError{Err: err}
	}
	return settings.Environment(), nil
}

// awsVariables name the region, the credentials and the endpoints.
var awsVariables = []string{
	"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}

// addCredentials adds the region, the credentials and the endpoints to environ.
func (o *Operator) addCredentials(ctx context.Context, environ map[string]string) error {
	for _, name := range awsVariables {
		if value, ok := o.Environ[name]; ok {
			environ[name] = value
		}
	}
	onAWS := environ["AWS_ENDPOINT_URL_DYNAMODB"] == "" || environ["SECRET_JSON"] == "" && environ["SECRET_ID"] != ""
	if onAWS && environ["AWS_ACCESS_KEY_ID"] == "" {
		return findCredentials(ctx, environ)
	}
	return nil
}

// findCredentials adds the region and the credentials that the AWS tools would use,
// for example of a profile or of single sign-on, which the functions do not support.
func findCredentials(ctx context.Context, environ map[string]string) error {
	found, err := awsconfig.Load(ctx, environ["AWS_REGION"])
	if err != nil {
		return err
	}
	credentials, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("AWS: no credentials found (AWS_PROFILE names a profile): %w", err)
	}
	environ["AWS_REGION"], environ["AWS_SESSION_TOKEN"] = found.Region, credentials.SessionToken
	environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"] = credentials.AccessKeyID, credentials.SecretAccessKey
	return nil
}
