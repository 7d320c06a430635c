package adopt

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tabletypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"signpost/infra/awsconfig"
)

// realAccount is the account of the credentials that the AWS tools use.
type realAccount struct {
	region  string
	tables  *dynamodb.Client
	secrets *secretsmanager.Client
}

// Open opens the account and region of the credentials that the AWS tools use.
func Open(ctx context.Context) (Account, error) {
	settings, err := awsconfig.Load(ctx, "")
	if err != nil {
		return nil, err
	}
	return realAccount{settings.Region, dynamodb.NewFromConfig(settings), secretsmanager.NewFromConfig(settings)}, nil
}

func (a realAccount) Region() string { return a.region }

func (a realAccount) Table(ctx context.Context, name string) (string, bool, error) {
	out, err := a.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if _, missing := errors.AsType[*tabletypes.ResourceNotFoundException](err); missing {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for the table %s: %w", name, err)
	}
	key := ""
	if sse := out.Table.SSEDescription; sse != nil {
		key = keyID(aws.ToString(sse.KMSMasterKeyArn))
	}
	return key, true, nil
}

func (a realAccount) Secret(ctx context.Context, name string) (string, string, bool, error) {
	out, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if _, missing := errors.AsType[*secrettypes.ResourceNotFoundException](err); missing {
		return "", "", false, nil
	}
	if err != nil {
		return "", "", false, fmt.Errorf("look for the secret %s: %w", name, err)
	}
	if out.DeletedDate != nil {
		return "", "", false, fmt.Errorf("the secret %s is scheduled for deletion: restore it with `aws secretsmanager restore-secret --secret-id %s`, or wait until it is deleted", name, name)
	}
	return aws.ToString(out.ARN), keyID(aws.ToString(out.KmsKeyId)), true, nil
}
