/** What is rendered unless the operator gives a template. Whatever comes from members was checked before: see pools.ts. */
export const defaultTemplate = `# Written by the plugin {{instance}} of serf from the members of the cluster. Changes made here are lost.
{{#if folder}}
daemon off;
pid {{{folder}}}/nginx.pid;
error_log stderr warn;
{{#if options.user}}
user {{{options.user}}};
{{/if}}
worker_processes auto;
worker_shutdown_timeout 300s;
events {
    worker_connections 4096;
}
http {
access_log off;
# Nothing is kept on disk on its way.
client_body_temp_path {{{folder}}}/body;
proxy_temp_path {{{folder}}}/proxy;
fastcgi_temp_path {{{folder}}}/fastcgi;
uwsgi_temp_path {{{folder}}}/uwsgi;
scgi_temp_path {{{folder}}}/scgi;
proxy_max_temp_file_size 0;
proxy_request_buffering off;
{{/if}}
{{#each pools}}

upstream {{name}} {
{{#if method}}
    {{{method}}};
{{/if}}
{{#each servers}}
    server {{endpoint}} {{{settings}}}; # {{name}}
{{else}}
    server 127.0.0.1:9 down; # nobody: nginx wants one
{{/each}}
}
{{#if bind}}
server {
{{#each bind}}
    listen {{{this}}};
{{/each}}
    location / {
        proxy_pass http://{{name}};
        proxy_http_version 1.1;
        proxy_connect_timeout {{@root.options.timeoutConnectMs}}ms;
        proxy_read_timeout {{@root.options.timeoutServerMs}}ms;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
{{/if}}
{{/each}}
{{#if folder}}
}
{{/if}}
`;
