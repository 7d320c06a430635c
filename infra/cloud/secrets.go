package cloud

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"signpost/infra/stage"
)

// key is the customer-managed key of production; other stages use AWS's own.
type key struct{ key awskms.CfnKey }

func (k key) arn() *string {
	if k.key == nil {
		return nil
	}
	return k.key.AttrArn()
}

// addKey makes the key that table and secrets are encrypted with. Who may use
// either may use it, but only through the two services: a role needs no
// statement about the key, and the key is of no use to one that steals data.
func (d *deployment) addKey() key {
	if !d.Settings.Production() {
		return key{}
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
	return key{k}
}

// keyPolicy lets administrators manage the key, not use it.
func (d *deployment) keyPolicy() awsiam.PolicyDocument {
	service := func(name string) string { return name + "." + *d.Region() + ".amazonaws.com" }
	anyResource := jsii.Strings("*") // in a key's policy that is this key
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

// addSecrets makes the secrets, empty: their values are written straight to
// Secrets Manager, since whatever goes through a template can be read in it. It
// returns their ids by the template's parameter.
func (d *deployment) addSecrets() map[string]*string {
	ids := map[string]*string{}
	for _, s := range stage.Secrets(d.Settings.Name) {
		secret := awssecretsmanager.NewCfnSecret(d.Stack, jsii.String(s.LogicalID), &awssecretsmanager.CfnSecretProps{
			Name: jsii.String(s.Name), Description: jsii.String(s.Description), KmsKeyId: d.key.arn(),
		})
		if d.Settings.Production() {
			secret.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
		}
		ids[s.Parameter] = secret.Ref()
	}
	return ids
}
