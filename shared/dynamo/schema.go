package dynamo

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// schema is the number of the rows' format. It is raised only for a change that the
// previous version must not touch: see the package comment.
const schema = 1

// errSchema: the row is of a later version, and this one must not touch it.
var errSchema = errors.New("row is of a later schema than this version knows")

// checkSchema returns [errSchema] for a row that this version must not touch.
func checkSchema(item map[string]types.AttributeValue) error {
	number, ok := item["schema"].(*types.AttributeValueMemberN)
	if !ok {
		return nil // a projection of a row
	}
	if n, err := strconv.Atoi(number.Value); err != nil || n > schema {
		return fmt.Errorf("%w: %s", errSchema, number.Value)
	}
	return nil
}

// unknown are attributes of a row that a later version added: they are carried
// along and written back unchanged.
type unknown map[string]types.AttributeValue

// carried returns u for an entity to carry, nil if it is empty.
func (u unknown) carried() any {
	if len(u) == 0 {
		return nil
	}
	return u
}

// keeper is a row that keeps unknown attributes when it is decoded, carrier one that
// writes them back when it is encoded.
type (
	keeper  interface{ keep(unknown) }
	carrier interface{ carry() unknown }
)

var (
	installationAttributes = attributesOf(reflect.TypeFor[installationRow]())
	candidateAttributes    = attributesOf(reflect.TypeFor[candidateRow]())
)

func (r *installationRow) keep(all unknown) { r.unknown = all.without(installationAttributes) }
func (r *candidateRow) keep(all unknown)    { r.unknown = all.without(candidateAttributes) }
func (r workedRow) carry() unknown          { return r.unknown }

func (u unknown) without(known map[string]bool) unknown {
	rest := maps.Clone(u)
	maps.DeleteFunc(rest, func(name string, _ types.AttributeValue) bool { return known[name] })
	return rest
}

// attributesOf lists the attributes of a row, by the tags of its fields.
func attributesOf(row reflect.Type) map[string]bool {
	names := map[string]bool{}
	for _, field := range reflect.VisibleFields(row) {
		if name, _, _ := strings.Cut(field.Tag.Get("dynamodbav"), ","); name != "" {
			names[name] = true
		}
	}
	return names
}
