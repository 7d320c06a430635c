package cloud

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/stage"
)

// addKey adds production's key for table and secrets, and returns its ARN. It returns
// nil for other stages, which use AWS managed keys. Anyone in the account who may use table
// or secrets may use the key, but only through the two services: roles require no
// permission for the key, and stolen data cannot be decrypted with it.
func (d *deployment) addKey() *string {
	if !d.Settings.Production() {
		return nil
	}
	k := awskms.NewCfnKey(d.Stack, jsii.String(stage.KeyID), &awskms.CfnKeyProps{
		Description:       jsii.String("Encrypts the installations and secrets of " + *d.StackName()),
		EnableKeyRotation: jsii.Bool(true),
		KeyPolicy:         d.keyPolicy(),
	})
	k.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	awskms.NewCfnAlias(d.Stack, jsii.String("DataKeyAlias"), &awskms.CfnAliasProps{
		AliasName: jsii.String("alias/" + *d.StackName()), TargetKeyId: k.Ref(),
	})
	return k.AttrArn()
}

// keyPolicy allows administrators to manage the key, but not to use it.
func (d *deployment) keyPolicy() awsiam.PolicyDocument {
	service := func(name string) string { return name + "." + *d.Region() + ".amazonaws.com" }
	anyResource := jsii.Strings("*") // in a key policy, this key
	return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: jsii.String("Administration"), Principals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()}, Resources: anyResource,
			Actions: jsii.Strings("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies",
				"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:EnableKey", "kms:DisableKey",
				"kms:UpdateKeyDescription", "kms:UpdateAlias", "kms:CreateAlias", "kms:DeleteAlias", "kms:TagResource", "kms:UntagResource",
				"kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
		}),
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: jsii.String("UseThroughTableAndSecrets"), Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Resources: anyResource,
			Actions: jsii.Strings("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey",
				"kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant", "kms:DescribeKey"),
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"kms:CallerAccount": d.Account(),
				"kms:ViaService":    []string{service("dynamodb"), service("secretsmanager")},
			}},
		}),
	}})
}

// addSecrets adds the secrets without values, which anyone who may read the stack could
// read; signpost setup writes them to Secrets Manager. It maps the template's parameters
// to the ids of the secrets.
func (d *deployment) addSecrets() map[string]*string {
	ids := map[string]*string{}
	for _, s := range stage.Secrets(d.Settings.Name) {
		secret := awssecretsmanager.NewCfnSecret(d.Stack, jsii.String(s.LogicalID), &awssecretsmanager.CfnSecretProps{
			Name: jsii.String(s.Name), Description: jsii.String(s.Description), KmsKeyId: d.key,
		})
		if d.Settings.Production() {
			secret.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
		}
		ids[s.Parameter] = secret.Ref()
	}
	return ids
}

// randomKey makes Secrets Manager generate the value of a secret.
func randomKey() *awssecretsmanager.CfnSecret_GenerateSecretStringProperty {
	return &awssecretsmanager.CfnSecret_GenerateSecretStringProperty{ExcludePunctuation: jsii.Bool(true), PasswordLength: jsii.Number(48)}
}

// valueOf refers to the value of a secret, by its name or ARN: CloudFormation puts it in when
// it writes the resource.
func valueOf(secret string) string { return fmt.Sprintf("{{resolve:secretsmanager:%s}}", secret) }
