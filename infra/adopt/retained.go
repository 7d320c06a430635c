package adopt

import (
	"context"
	"fmt"
	"strings"

	"signpost/infra/stage"
)

// Mapping is the resource mapping that `cdk import` reads: a resource's identifiers
// by its logical id.
type Mapping map[string]map[string]string

// Retained returns the table, the secrets and the key of a stage that exist. The key is
// included if one of the others is encrypted with it. Several keys are an error, since a
// stack has one.
func Retained(ctx context.Context, a Account, s stage.Settings) (Mapping, error) {
	resources, keys := Mapping{}, map[string]string{}
	note := func(what, key string) {
		if key != "" && s.Production() {
			keys[key] = what
			resources[stage.KeyID] = map[string]string{"KeyId": key}
		}
	}
	name := stage.TableName(s.Name)
	key, found, err := a.Table(ctx, name)
	if err != nil {
		return nil, err
	}
	if found {
		resources[stage.TableID] = map[string]string{"TableName": name}
		note(name, key)
	}
	for _, secret := range stage.Secrets(s.Name) {
		arn, key, found, err := a.Secret(ctx, secret.Name)
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
		return nil, fmt.Errorf("the table and the secrets are encrypted with different keys (%s), but a stack has one: encrypt the secrets with the table's key", strings.Join(uses, ", "))
	}
	return resources, nil
}

// keyID is the id in a key's ARN, or the id itself.
func keyID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
