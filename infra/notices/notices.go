// Package notices defines the events about customers that the vendor receives:
// which records of the table's stream become events, and what an event contains. On
// AWS an EventBridge pipe makes them in two steps: it drops records that do not
// match [Filter], and an Express state machine of Step Functions evaluates
// [Expression]. The local stack does the same in Go ([Pipe]).
//
// The state machine is necessary because of the version: in a stream's record a
// number is a string, which the pipe's own input template cannot convert.
//
// A write of a row sets the attributes notice and event (package dynamo), by which the
// filter selects it.
package notices

import (
	"encoding/json"

	"signpost/shared/installation"
	"signpost/shared/version"
)

// Source is the source of every event on the bus.
const Source = "signpost"

// KeyHeader is the header in which the vendor's webhook gets the key that proves the sender.
const KeyHeader = "X-Api-Key"

// DetailType is the path of the detail type in an event's detail.
const DetailType = "$.type"

// Filter is the event pattern of the records that become events: writes with a notice of an
// installation, of the channels, or of the refusals of an OAuth client.
const Filter = `{
  "eventName": ["INSERT", "MODIFY"],
  "dynamodb": {
    "Keys": {"sk": {"S": ["installation", "current", "refusals"]}},
    "NewImage": {"notice": {"S": [{"exists": true}]}, "event": {"S": [{"exists": true}]}}
  }
}`

// Expression is the JSONata expression that converts the records of a batch to the
// details of events: from an array to an array in the same order, as the pipe
// requires. What an event says was written by the functions, beside the row (package
// dynamo); the expression adds what the record itself shows. Of an installation's row before
// it names each attribute, since others are secret.
const Expression = `[$states.input.dynamodb.(
  $merge([
    Keys.sk.S = "installation" ? {"reference": ""} : {},
    $parse(NewImage.event.S),
    {"type": NewImage.notice.S, "version": $number(NewImage.version.N), "signpostVersion": "` + version.Version + `"},
    $exists(OldImage.state.S) ? {"before": {
      "state": OldImage.state.S,
      "features": $merge([{}, $each(OldImage.features.M, function($feature, $name) { {$name: {"status": $feature.M.status.S}} })])
    }} : {}
  ])
)]`

// Detail is the detail of an event about an installation. One about the channels or about
// an OAuth client has the detail of [channel.RolloutStatus] or [installation.RefusedEvent]
// in place of the installation.
type Detail struct {
	installation.Event
	// Type repeats the event's detail type, for targets that get only the detail.
	Type string `json:"type"`
	// Version grows with each write of the row: a repeated event has the same version, and
	// a later event a larger one.
	Version int64 `json:"version"`
	// SignpostVersion is the semantic version of the deployment that made the event.
	SignpostVersion string `json:"signpostVersion"`
	// Before is what the row said before, nil if there was none.
	Before *Before `json:"before,omitempty"`
}

// Before is what an installation's row said before the event.
type Before struct {
	State    installation.State                  `json:"state"`
	Features map[string]installation.FeatureView `json:"features"` // without pushedAt
}

// Definition returns the state machine that evaluates [Expression], in the
// Amazon States Language.
func Definition() string {
	text, _ := json.Marshal(map[string]any{ // strings always encode
		"Comment":       "Converts records of the table's stream to events",
		"QueryLanguage": "JSONata",
		"StartAt":       "Shape",
		"States": map[string]any{
			"Shape": map[string]any{"Type": "Pass", "Output": "{% " + Expression + " %}", "End": true},
		},
	})
	return string(text)
}
