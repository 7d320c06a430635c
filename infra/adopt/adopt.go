// Package adopt finds the resources that a deleted stack of a stage retained (its
// table, its secrets, their key), in the form that `cdk import` reads, so that a new
// stack can adopt them.
//
// `cdk deploy --import-existing-resources` is not enough: it finds resources by their
// ids in the template, where only the table has one. AWS assigns the ids of secrets and
// keys.
package adopt

import (
	"context"
	"strings"

	"signpost/infra/stage"
)

// Account is an AWS account in one region. [Open] opens the real one.
type Account interface {
	// Region is the name of the region.
	Region() string
	// Table returns the id of the customer-managed key that encrypts the table, ""
	// for none.
	Table(ctx context.Context, name string) (key string, found bool, err error)
	// Secret returns the secret's ARN, and the id of its key as Table does. A secret
	// that is scheduled for deletion is an error.
	Secret(ctx context.Context, name string) (arn, key string, found bool, err error)
}

// Forget removes the API's address from the settings of a stage whose stack was
// deleted. It keeps an address in another region than the account's: after a move
// to another region, the deleted stack is not the one in the settings.
func Forget(account Account, folder string, settings stage.Settings) error {
	if !strings.Contains(settings.Deployment.APIURL, ".execute-api."+account.Region()+".") {
		return nil
	}
	settings.Deployment.APIURL = ""
	return settings.Write(folder)
}
