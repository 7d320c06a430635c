package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"signpost/infra/awsconfig"
)

// Reasons why a secret has no value.
var (
	errNoSecret = errors.New("the secret does not exist: the stack is not deployed")
	errNoValue  = errors.New("the secret has no value yet")
)

type vault interface {
	// get returns a secret's value and when it was written, or an error wrapping
	// errNoSecret or errNoValue.
	get(ctx context.Context, name string) (value []byte, written time.Time, err error)
	put(ctx context.Context, name string, value []byte) error
}

// secretsManager is AWS Secrets Manager, with the credentials of the AWS tools.
type secretsManager struct{ client *secretsmanager.Client }

func openVault(ctx context.Context) (vault, error) {
	settings, err := awsconfig.Load(ctx, "")
	if err != nil {
		return nil, err
	}
	if _, err := settings.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("AWS: %w", err)
	}
	return secretsManager{secretsmanager.NewFromConfig(settings)}, nil
}

func (m secretsManager) get(ctx context.Context, name string) ([]byte, time.Time, error) {
	out, err := m.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		// AWS reports a secret without a value as not found too.
		if _, err := m.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name}); err == nil {
			return nil, time.Time{}, fmt.Errorf("%s: %w", name, errNoValue)
		}
		return nil, time.Time{}, fmt.Errorf("%s: %w", name, errNoSecret)
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read %s: %w", name, err)
	}
	return []byte(aws.ToString(out.SecretString)), aws.ToTime(out.CreatedDate), nil
}

func (m secretsManager) put(ctx context.Context, name string, value []byte) error {
	_, err := m.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: aws.String(string(value))})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
