package contract_test

import (
	"os"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// The regions of the tests.
const (
	west      = customer.West
	east      = customer.East
	europe    = customer.Europe
	testCloud = customer.TestCloud // not trusted
)

type (
	object  = customer.Object
	client  = customer.Customer
	request = customer.Request
	answer  = customer.Answer
)

// shared is the deployment that the tests share.
var shared *stack.Stack

func TestMain(m *testing.M) {
	os.Exit(customer.Main(m, &shared, func(folder string) (*stack.Stack, error) { return customer.Start(folder, nil) }))
}

// newCustomer adds an organization to the shared deployment.
func newCustomer(t *testing.T, region string) *client {
	t.Helper()
	return customer.New(t, shared, region)
}

// activated is a new customer whose activation is completed.
func activated(t *testing.T, region string) *client {
	t.Helper()
	return newCustomer(t, region).Activate()
}
