package template

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Table is one AWS::DynamoDB::Table. Its fields are named as in CloudFormation.
type Table struct {
	LogicalID               string
	TableName               string // the logical id, if the template gives no name
	AttributeDefinitions    []Attribute
	KeySchema               []Key
	GlobalSecondaryIndexes  []Index
	TimeToLiveSpecification TimeToLive
	StreamSpecification     Stream
}

// Attribute is the name and type of an attribute that a key uses.
type Attribute struct{ AttributeName, AttributeType string }

// Key is one part of a key: HASH or RANGE.
type Key struct{ AttributeName, KeyType string }

// Index is a global secondary index.
type Index struct {
	IndexName  string
	KeySchema  []Key
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string
	}
}

// TimeToLive names the attribute that contains an item's time of expiry.
type TimeToLive struct {
	AttributeName string
	Enabled       bool
}

// Stream is what the table's stream contains; the zero value means no stream.
type Stream struct{ StreamViewType string }

func (d *document) table(r resource) (Table, error) {
	table := Table{LogicalID: r.id}
	resolved, err := d.resolve(r.properties)
	if err != nil {
		return table, fmt.Errorf("template: %s: %w", r.id, err)
	}
	text, err := json.Marshal(resolved)
	if err == nil {
		err = json.Unmarshal(text, &table)
	}
	if err == nil && len(table.KeySchema) == 0 {
		err = errors.New("it has no KeySchema")
	}
	if err != nil {
		return table, fmt.Errorf("template: %s: %w", r.id, err)
	}
	if table.TableName == "" {
		table.TableName = r.id
	}
	return table, nil
}
