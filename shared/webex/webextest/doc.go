// Package webextest simulates the side of Webex that a Workspace Integration calls
// and is called by, in memory.
//
// It holds everything that Webex would hold for a vendor's integrations: regions and
// their signing keys, the customers' organizations and devices, uploaded manifests and
// their OAuth clients, installations, OAuth tokens, feature configurations, and a log
// of the requests. Facts about Webex carry the tag of their source, see package webex;
// [overview] is the vendor's page Workspace Integrations, [experience] the public
// integration jeremywillans/wi-room-experience.
//
// It must not import the product, only the standard library and the JWT and JWK
// libraries. Otherwise both could share one misunderstanding of Webex, which no
// test would find.
//
// # Two ways to drive it
//
// From Go, by the methods of [Cloud]. Those named after an administrator's action in
// Control Hub ([Cloud.Activate], [Cloud.ApproveUpdate], [Cloud.Move],
// [Cloud.CrossLaunch]…) change the state and post what Webex would post. Their
// variants named Mint make the same change and return the token instead.
// Over HTTP, by the control API below /_control/ (see infra/docs/local.md).
//
// Those methods of a Cloud act on the default integration, which the [Options]
// describe. [Cloud.UploadManifest] adds others, and [Integration] has the same methods.
//
// # Addresses
//
// Every region has its own path prefix, so that one listener serves all:
//
//	<base>/<region>/jwks                                        the region's key set
//	<base>/<region>/v1                                          webexapisBaseUrl
//	<base>/<region>/v1/access_token                             oauthUrl
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>      appUrl
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>/manifest
//	<base>/<region>/xapi/api/organizations/<org>/apps/<id>/features/<feature>
//
// <id> is the installation's: removing an integration and activating it again
// yields new addresses [ours].
//
// # Memory
//
// A Cloud loses its state with its process, unless [Cloud.Persist] gives it a directory.
//
// A Cloud is safe for concurrent use. It does not hold its lock while it sends a
// request, waits, or calls a hook, except the functions given to
// [Cloud.SetReadback] and [Cloud.Persist].
package webextest
