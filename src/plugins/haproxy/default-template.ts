/** What is rendered unless the operator gives a template. Whatever comes from members was checked before: see pools.ts. */
export const defaultTemplate = `# Written by the plugin {{instance}} of serf from the members of the cluster. Changes made here are lost.
{{#unless hasBase}}
global
{{#if socket}}
    stats socket {{{socket}}} mode 600 level admin expose-fd listeners
{{/if}}
    hard-stop-after {{options.hardStopMs}}ms
{{#if options.connectionsMax}}
    maxconn {{options.connectionsMax}}
{{/if}}
{{#if options.user}}
    user {{{options.user}}}
{{/if}}
{{#if options.group}}
    group {{{options.group}}}
{{/if}}

defaults
    timeout connect {{options.timeoutConnectMs}}ms
    timeout client {{options.timeoutClientMs}}ms
    timeout server {{options.timeoutServerMs}}ms
    retries 3
    option redispatch 1

{{#if options.stats}}
frontend serf-statistics
    mode http
    bind {{{options.stats}}}
    stats enable
    stats uri {{{options.statsPath}}}
    stats refresh 5s
{{#if options.statsAuth}}
    stats auth {{{options.statsAuth}}}
{{/if}}

{{/if}}
{{/unless}}
{{#each pools}}
{{#if bind}}
frontend {{name}}
    mode {{mode}}
{{#each bind}}
    bind {{{this}}}
{{/each}}
    default_backend {{name}}

{{/if}}
backend {{name}}
    mode {{mode}}
    balance {{balance}}
{{#if (eq balance "source")}}
    hash-type consistent
{{/if}}
{{#if checkPath}}
    option httpchk GET {{{checkPath}}}
{{/if}}
{{#each servers}}
    server {{name}} {{endpoint}} {{{settings}}}
{{/each}}

{{/each}}
`;
