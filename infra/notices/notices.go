// Package notices owns what the vendor hears of its customers: which records
// of the table's stream become events, and what an event says. On AWS an
// EventBridge pipe does it without code of ours, in two steps that are data
// here: it drops what [Filter] does not match, and has an Express state machine
// of Step Functions evaluate [Expression]. The CDK app gives them both to the
// pipe; the local stack does the same in Go ([Pipe]).
//
// The pipe's own input template would do but for the version: in a stream's
// record a number is a string, and a template has no way to make it a number.
//
// A row's write carries its notice (package dynamo), so that the filter, which
// can neither compute nor compare, recognizes it by one attribute.
package notices

import (
	"encoding/json"

	"signpost/shared/version"
)

// Source is the source of every event on the bus.
const Source = "signpost"

// DetailType is where the pipe finds the detail type in an event's detail.
const DetailType = "$.type"

// Filter is the event pattern of the records that become events: an
// installation's, if its write says what it means.
const Filter = `{
  "eventName": ["INSERT", "MODIFY"],
  "dynamodb": {
    "Keys": {"sk": {"S": ["installation"]}},
    "NewImage": {"notice": {"S": [{"exists": true}]}}
  }
}`

// Expression is the JSONata expression that makes the details of events of the
// records of a batch: it takes an array and yields one, in the same order, as a
// pipe wants it. It names attributes one by one, since others are secret.
const Expression = `[$states.input.dynamodb.(
  $text := function($attribute) { $exists($attribute.S) ? $attribute.S : "" };
  {
    "type": $text(NewImage.notice),
    "orgKey": $substringAfter(Keys.pk.S, "org#"),
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

// Detail is what an event says.
type Detail struct {
	// Type is the event's detail type again, for targets that get the detail
	// alone.
	Type string `json:"type"`
	// OrgKey identifies the organization for good. OrgID is the `sub` of the
	// latest token, which a move may change.
	OrgKey string `json:"orgKey"`
	OrgID  string `json:"orgId"`
	// OrgName is empty once the installation is removed.
	OrgName    string `json:"orgName"`
	AppID      string `json:"appId"`
	Region     string `json:"region"`
	State      string `json:"state"`
	Generation string `json:"generation"`
	// Version grows with each write of the installation: an event that comes
	// twice comes with the same one, and the larger one is the later.
	Version int64 `json:"version"`
	// SignpostVersion is the semantic version of the deployment that made the event.
	SignpostVersion string `json:"signpostVersion"`
}

// Definition returns the state machine that evaluates [Expression], in the
// Amazon States Language.
func Definition() string {
	text, _ := json.Marshal(map[string]any{ // texts always encode
		"Comment":       "Makes events of records of the table's stream",
		"QueryLanguage": "JSONata",
		"StartAt":       "Shape",
		"States": map[string]any{
			"Shape": map[string]any{"Type": "Pass", "Output": "{% " + Expression + " %}", "End": true},
		},
	})
	return string(text)
}
