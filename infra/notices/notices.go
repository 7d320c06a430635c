// Package notices owns what the vendor hears of its customers: which records
// of the table's stream are told, and what is told of them. Both are data in
// the form that an EventBridge pipe takes, so that no code of ours stands
// between the table and the vendor's bus; the CDK app gives them to the pipe,
// and the local stack does by them what the pipe would.
//
// A row's write carries its notice (package dynamo), so that the pipe, which
// can neither compute nor compare, recognizes it by one attribute. Nothing in
// the template may be a secret: it names attributes one by one.
package notices

// Source is the source of every event on the bus.
const Source = "signpost"

// DetailType is where the pipe finds an event's detail type in a record.
const DetailType = "$.dynamodb.NewImage.notice.S"

// Filter is the event pattern of the records that are told: an installation's,
// if its write says what it means.
const Filter = `{
  "eventName": ["INSERT", "MODIFY"],
  "dynamodb": {
    "Keys": {"sk": {"S": ["installation"]}},
    "NewImage": {"notice": {"S": [{"exists": true}]}}
  }
}`

// Template is the input template of an event's detail. A removed installation
// has no name any more. The version grows with each write: an event that comes
// twice comes with the same one, and the larger one is the later.
const Template = `{
  "orgId": "<$.dynamodb.NewImage.subject.S>",
  "orgName": "<$.dynamodb.NewImage.orgName.S>",
  "appId": "<$.dynamodb.NewImage.appId.S>",
  "region": "<$.dynamodb.NewImage.region.S>",
  "state": "<$.dynamodb.NewImage.state.S>",
  "generation": "<$.dynamodb.NewImage.generation.S>",
  "version": "<$.dynamodb.NewImage.version.N>"
}`
