package main

import (
	"context"
	"fmt"
	"strings"

	"signpost/infra/stage"
)

// account is an AWS account and region, as far as is asked here.
type account interface {
	region() string
	// table returns the id of the customer-managed key that the table is
	// encrypted with, "" for none.
	table(ctx context.Context, name string) (key string, found bool, err error)
	// secret returns the secret's ARN and, likewise, its key.
	secret(ctx context.Context, name string) (arn, key string, found bool, err error)
}

// mapping is what `cdk import` reads: by logical id, what identifies the
// resource.
type mapping map[string]map[string]string

// left finds what is left of a stage's resources. A key is one of them where
// anything is encrypted with it; two keys are an error, since a stack has one.
func left(ctx context.Context, a account, s stage.Settings) (mapping, error) {
	resources, keys := mapping{}, map[string]string{}
	note := func(what, key string) {
		if key != "" && s.Production() {
			keys[key] = what
			resources[stage.KeyID] = map[string]string{"KeyId": key}
		}
	}
	name := stage.TableName(s.Name)
	key, found, err := a.table(ctx, name)
	if err != nil {
		return nil, err
	}
	if found {
		resources[stage.TableID] = map[string]string{"TableName": name}
		note(name, key)
	}
	for _, secret := range stage.Secrets(s.Name) {
		arn, key, found, err := a.secret(ctx, secret.Name)
		if err != nil {
			return nil, err
		}
		if found {
			resources[secret.LogicalID] = map[string]string{"Id": arn}
			note(secret.Name, key)
		}
	}
	if len(keys) > 1 {
		var uses []string
		for key, what := range keys {
			uses = append(uses, what+" with "+key)
		}
		return nil, fmt.Errorf("they are encrypted with different keys (%s), and a stack has one: encrypt the secrets with the table's", strings.Join(uses, ", "))
	}
	return resources, nil
}

// keyID is the id in a key's ARN, or the id itself.
func keyID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
