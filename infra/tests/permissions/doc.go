// Package permissions compares each function's statements in the template with
// the AWS calls that it makes: it is allowed what it needs, on its own resources,
// and nothing more. It has tests only. They run the built functions on the local
// stack behind a recorder, which notes the IAM action that each call, and each
// part of a transaction, needs.
package permissions
