// Package notices defines the events about customers that the vendor receives:
// which records of the table's stream become events, and what an event contains. On
// AWS an EventBridge pipe makes them in two steps: it drops records that do not
// match [Filter], and an Express state machine of Step Functions evaluates
// [Expression]. The local stack does the same in Go ([Pipe]).
//
// The state machine is necessary because of the version: in a stream's record a
// number is a string, which the pipe's own input template cannot convert.
//
// A write of a row sets the attribute notice (package dynamo), by which the filter
// selects it.
package notices

import (
	"encoding/json"

	"signpost/shared/version"
)

// Source is the source of every event on the bus.
const Source = "signpost"

// DetailType is the path of the detail type in an event's detail.
const DetailType = "$.type"

// Filter is the event pattern of the records that become events: writes of an
// installation with a notice.
const Filter = `{
  "eventName": ["INSERT", "MODIFY"],
  "dynamodb": {
    "Keys": {"sk": {"S": ["installation"]}},
    "NewImage": {"notice": {"S": [{"exists": true}]}}
  }
}`

// Expression is the JSONata expression that converts the records of a batch to the
// details of events: from an array to an array in the same order, as the pipe
// requires. It names each attribute, since others are secret.
const Expression = `[$states.input.dynamodb.(
  $text := function($attribute) { $exists($attribute.S) ? $attribute.S : "" };
  {
    "type": $text(NewImage.notice),
    "orgKey": $substring(Keys.pk.S, 4, $length(Keys.pk.S) - $length(NewImage.appId.S) - 5),
    "orgId": $text(NewImage.subject),
    "orgName": $text(NewImage.orgName),
    "appId": $text(NewImage.appId),
    "region": $text(NewImage.region),
    "state": $text(NewImage.state),
    "generation": $text(NewImage.generation),
    "version": $number(NewImage.version.N),
    "signpostVersion": "` + version.Version + `"
  }
)]`

// Detail is an event's detail.
type Detail struct {
	// Type repeats the event's detail type, for targets that get only the detail.
	Type string `json:"type"`
	// OrgKey identifies the organization permanently. OrgID is the `sub` of the
	// latest token, which a move may change.
	OrgKey string `json:"orgKey"`
	OrgID  string `json:"orgId"`
	// OrgName is empty once the installation is removed.
	OrgName    string `json:"orgName"`
	AppID      string `json:"appId"`
	Region     string `json:"region"`
	State      string `json:"state"`
	Generation string `json:"generation"`
	// Version grows with each write of the installation: a repeated event has the
	// same version, and a later event a larger one.
	Version int64 `json:"version"`
	// SignpostVersion is the semantic version of the deployment that made the event.
	SignpostVersion string `json:"signpostVersion"`
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
