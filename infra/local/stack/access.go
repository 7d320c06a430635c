package stack

import (
	"context"
	"maps"

	"signpost/infra/local/lambda"
	"signpost/shared/webex/webextest"
)

// Root is the project's directory.
func (s *Stack) Root() string { return s.settings.options.Root }

// URL is the API's base address, without a slash at the end.
func (s *Stack) URL() string { return s.settings.apiURL() }

// WebexURL is the simulator's address; empty if the simulator is off.
func (s *Stack) WebexURL() string { return s.settings.webexURL() }

// DynamoDBURL is the table's endpoint.
func (s *Stack) DynamoDBURL() string { return s.table.endpoint }

// TableName is the name of the table that the functions use.
func (s *Stack) TableName() string { return s.settings.tableName() }

// Webex returns the simulator; nil if it is off.
func (s *Stack) Webex() *webextest.Cloud { return s.simulator }

// Secrets returns the secrets, of which each function has its part.
func (s *Stack) Secrets() Secrets { return s.settings.secrets }

// SecretsFile is the path of the generated secrets; empty if they came from the
// environment.
func (s *Stack) SecretsFile() string { return s.settings.secretsFile }

// Invoke calls a function directly, as the schedule does. The result says how
// the function ended; the error, why it could not be called.
func (s *Stack) Invoke(ctx context.Context, logicalID string, payload []byte) (lambda.Result, error) {
	f, err := s.host.Function(logicalID)
	if err != nil {
		return lambda.Result{}, err
	}
	return f.Invoke(ctx, payload)
}

// Kill kills a function's processes, as a crash does. Later invocations get new
// ones.
func (s *Stack) Kill(logicalID string) error {
	f, err := s.host.Function(logicalID)
	if err == nil {
		f.Kill()
	}
	return err
}

// Environment returns the variables that a function's next process gets,
// without those of Lambda itself.
func (s *Stack) Environment(logicalID string) (map[string]string, error) {
	f, err := s.host.Function(logicalID)
	if err != nil {
		return nil, err
	}
	return f.Environment(), nil
}

// SetEnvironment changes variables of every function, as a deployment with
// other parameters would; an empty value unsets. Later invocations have them.
func (s *Stack) SetEnvironment(changes map[string]string) {
	for _, f := range s.host.Functions() {
		variables := f.Environment()
		maps.Copy(variables, changes)
		maps.DeleteFunc(variables, func(_, value string) bool { return value == "" })
		f.SetEnvironment(variables)
	}
}
