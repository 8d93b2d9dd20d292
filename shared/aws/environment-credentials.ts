/**
 * Stands in every function's bundle for the AWS SDK's default chain of credentials: Lambda hands a function its credentials in the
 * environment, and profiles, SSO, STS and instance metadata, which the chain also knows, are a sixth of a bundle.
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
