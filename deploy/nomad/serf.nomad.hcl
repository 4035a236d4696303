# An agent on every client of Nomad: nomad job run serf.nomad.hcl
# Each finds the others by the SRV records that Consul has of the service "serf", so the hosts must ask Consul for names below .consul. The image is what the Dockerfile of serf-ts builds.
variable "image" {
  type    = string
  default = "serf-ts:0.1.0"
}

variable "encrypt_key" {
  description = "What `serf keygen` prints. Without it traffic is not encrypted."
  type        = string
  default     = ""
}

job "serf" {
  type = "system"

  update {
    max_parallel = 1
    stagger      = "30s"
  }

  group "agent" {
    # On the network of the host: members gossip by UDP with the addresses that they see.
    network {
      mode = "host"

      port "serf" {
        static = 7946
      }
    }

    service {
      name = "serf"
      port = "serf"

      check {
        type     = "tcp"
        interval = "10s"
        timeout  = "2s"
      }
    }

    task "agent" {
      driver = "docker"

      # Three seconds to leave, eight for the programs of the plugin `process`.
      kill_signal  = "SIGTERM"
      kill_timeout = "20s"

      config {
        image        = var.image
        network_mode = "host"
      }

      env {
        SERF_NODE_NAME   = "${attr.unique.hostname}"
        SERF_BIND        = "${NOMAD_IP_serf}:${NOMAD_PORT_serf}"
        SERF_RETRY_JOIN  = "srv:_serf._tcp.service.consul"
        SERF_TAGS        = "dc=${node.datacenter}"
        SERF_ENCRYPT_KEY = var.encrypt_key
      }

      resources {
        cpu    = 50
        memory = 128
      }
    }
  }
}
