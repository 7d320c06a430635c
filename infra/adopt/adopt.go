// Package adopt finds what a deleted stack of a stage left behind (its table, its
// secrets, their key), in the form that `cdk import` reads, so that a new stack
// takes it over.
//
// `cdk deploy --import-existing-resources` is not enough: it imports resources
// whose id is in the template, which is true of the table only. AWS assigns the
// ids of secrets and keys.
package adopt

import (
	"context"
	"strings"

	"signpost/infra/stage"
)

// Account is an AWS account and region, as far as this package asks it. [Open]
// opens the real one.
type Account interface {
	// Region is the region's name.
	Region() string
	// Table returns the id of the customer-managed key that the table is
	// encrypted with, "" for none.
	Table(ctx context.Context, name string) (key string, found bool, err error)
	// Secret returns the secret's ARN and, likewise, its key.
	Secret(ctx context.Context, name string) (arn, key string, found bool, err error)
}

// Forget removes the API's address from the settings of a stage whose stack was
// deleted, if the address is in the account's region: after a move, the deleted
// stack is the one in the previous region.
func Forget(account Account, folder string, settings stage.Settings) error {
	if !strings.Contains(settings.Deployment.APIURL, ".execute-api."+account.Region()+".") {
		return nil
	}
	settings.Deployment.APIURL = ""
	return settings.Write(folder)
}
