// Package webextest is a Webex cloud in memory: the side of Webex that a
// Workspace Integration talks to and is called by, without Webex.
//
// It owns everything that Webex would hold about one integration: the regions
// and the keys they sign with, the customers' organizations and their devices,
// the installations, OAuth tokens and feature configurations, and the requests
// it was sent. It follows the project's protocol.md; where a doc comment states
// a fact about Webex it carries that page's tag: [page], [java], [node],
// [editor], [demo], [token], [overview], [roomos], or [ours] for what no source says and we decided.
//
// It must not know the product. Nothing outside the standard library, the JWT
// and the JWK libraries is imported, so that a misunderstanding of Webex in the
// product cannot hide by being shared with its test double.
//
// # Two ways to drive it
//
// From Go, by the methods of [Cloud]: those named after what an administrator
// does in Control Hub ([Cloud.Activate], [Cloud.ApproveUpdate], [Cloud.Move],
// [Cloud.CrossLaunch]…) change what Webex holds and send what Webex would send;
// their Mint twins change the same and return what would have been sent.
// Over HTTP, by the control API below /_control/ (see infra/docs/local.md).
//
// # Addresses
//
// Every region lives under a path of its own, so that one listener serves all:
//
//	<base>/<region>/jwks                                        the region's key set
//	<base>/<region>/v1                                          webexapisBaseUrl
//	<base>/<region>/v1/access_token                             oauthUrl
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>      appUrl
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>/manifest
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>/features/<feature>
//
// The id in these is the installation's own: removing an integration and
// activating it again yields new addresses [ours].
//
// # Memory
//
// A Cloud lives as long as its process. [Cloud.Keep] gives it a directory, where
// all that Webex would hold is kept for the next process.
//
// A Cloud is safe for concurrent use. It never holds its lock while it sends a
// request, waits, or calls a hook; only the functions of [Cloud.SetReadback] and
// [Cloud.Keep] are called with it.
package webextest
