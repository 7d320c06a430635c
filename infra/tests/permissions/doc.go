// Package permissions holds each function's statements in the template to the
// AWS calls that it makes: as many actions as it needs, on what is its own, and
// not one more. It has tests only. They run the built functions on the local
// stack through a story that uses all of them, behind a recorder that notes
// which IAM action each call, and each part of a transaction, would need.
package permissions
