// Package noticestest holds events to their schemas, for tests.
package noticestest

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"signpost/infra/notices"
)

// Validate returns an error unless an event is what the schema of its detail type in the
// directory, infra/docs/schemas, describes.
func Validate(directory string, event notices.Event) error {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join(directory, event.DetailType+".json"))
	if err != nil {
		return fmt.Errorf("%s: %w", event.DetailType, err)
	}
	detail, err := jsonschema.UnmarshalJSON(strings.NewReader(event.Detail))
	if err == nil {
		err = schema.Validate(detail)
	}
	if err != nil {
		return fmt.Errorf("%s: %w in %s", event.DetailType, err, event.Detail)
	}
	return nil
}
