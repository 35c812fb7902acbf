{{- define "otklik.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for what is put behind it. */}}
{{- define "otklik.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "otklik.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "otklik.selectorLabels" -}}
app.kubernetes.io/name: {{ include "otklik.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "otklik.labels" -}}
{{ include "otklik.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "otklik.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ printf "%s@%s" .repository .digest }}
{{- else -}}
{{ printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "otklik.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "otklik.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "otklik.secretName" -}}
{{- default (include "otklik.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{/* What the chart itself decides, for every pod; values.schema.json keeps these names out of `config`. */}}
{{- define "otklik.env" -}}
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: "3000"
{{- if .Values.backups.enabled }}
- name: BACKUP_DIR
  value: /backups
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
Variables of all processes; values can say otherwise. In maintenance the pods stay in their Service, or nobody could read,
nor end it. Backups by schedule need a volume.
*/}}
{{- define "otklik.config" -}}
{{- $ours := dict "LOG_FORMAT" "json" "MAINTENANCE_READINESS" "ready" -}}
{{- if not .Values.backups.enabled -}}
{{- $ours = merge $ours (dict "BACKUP_DAILY_AT" "off" "BACKUP_WEEKLY_AT" "off") -}}
{{- end -}}
{{- range $name, $value := merge (dict) .Values.config $ours }}
{{ $name }}: {{ $value | toString | quote }}
{{- end -}}
{{- end -}}

{{/* The secrets as the chart keeps them. */}}
{{- define "otklik.secretData" -}}
{{- range $name, $value := .Values.secrets }}
{{ $name }}: {{ $value | toString | quote }}
{{- end -}}
{{- end -}}

{{/* Called with a dict: root, role (api or worker), values. */}}
{{- define "otklik.deployment" -}}
{{- $root := .root -}}
{{- $delay := ternary $root.Values.shutdownDelaySeconds 0 (eq .role "api") | int -}}
{{- $deadline := $root.Values.shutdownDeadlineSeconds | int -}}
{{- if le ($root.Values.terminationGracePeriodSeconds | int) (add ($root.Values.shutdownDelaySeconds | int) $deadline | int) -}}
{{- fail "terminationGracePeriodSeconds must be more than shutdownDelaySeconds and shutdownDeadlineSeconds together." -}}
{{- end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "otklik.fullname" $root }}-{{ .role }}
  labels:
    {{- include "otklik.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  # A new pod is ready before an old one leaves.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  minReadySeconds: 5
  selector:
    matchLabels:
      {{- include "otklik.selectorLabels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
  template:
    metadata:
      labels:
        {{- include "otklik.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
        otklik/serves: "true"
      annotations:
        # Other settings are other pods.
        checksum/config: {{ printf "%s%s" (include "otklik.config" $root) (include "otklik.secretData" $root) | sha256sum }}
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "otklik.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
      securityContext:
        {{- toYaml $root.Values.podSecurityContext | nindent 8 }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "otklik.selectorLabels" $root | nindent 14 }}
              app.kubernetes.io/component: {{ $.role }}
        {{- end }}
      containers:
        - name: otklik
          image: {{ include "otklik.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          securityContext:
            {{- toYaml $root.Values.securityContext | nindent 12 }}
          ports:
            - name: http
              containerPort: 3000
          envFrom:
            - configMapRef:
                name: {{ include "otklik.fullname" $root }}
            - secretRef:
                name: {{ include "otklik.secretName" $root }}
          env:
            - name: SHUTDOWN_DELAY
              value: PT{{ $delay }}S
            - name: SHUTDOWN_DEADLINE
              value: PT{{ $deadline }}S
            {{- range $name, $value := .values.config }}
            - name: {{ $name }}
              value: {{ $value | toString | quote }}
            {{- end }}
            - name: ROLES
              value: {{ .role }}
            {{- include "otklik.env" $root | nindent 12 }}
          # The port opens after the database has answered (DATABASE_START_WAIT, 2 min) and the schema is up to date.
          startupProbe:
            httpGet:
              path: /health/live
              port: http
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 120
          # Asks nothing outside the process: no outage restarts it.
          livenessProbe:
            httpGet:
              path: /health/live
              port: http
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet:
              path: /health/ready
              port: http
            periodSeconds: 3
            timeoutSeconds: 3
            failureThreshold: 2
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            - name: data
              mountPath: /data
            {{- if $root.Values.backups.enabled }}
            - name: backups
              mountPath: /backups
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: data
          emptyDir: {}
        {{- if $root.Values.backups.enabled }}
        - name: backups
          persistentVolumeClaim:
            claimName: {{ default (printf "%s-backups" (include "otklik.fullname" $root)) $root.Values.backups.existingClaim }}
        {{- end }}
{{- end -}}

{{/* Called with a dict: root, role, values. */}}
{{- define "otklik.autoscaler" -}}
{{- if .values.autoscaling.enabled -}}
{{- $name := printf "%s-%s" (include "otklik.fullname" .root) .role -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels:
    {{- include "otklik.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $name }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.targetCpu }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: {{ .values.autoscaling.scaleDownSeconds }}
      # Each pod that leaves finishes its work first.
      policies:
        - type: Pods
          value: 1
          periodSeconds: 60
{{- end -}}
{{- end -}}

{{/* Called with a dict: root, role, values. */}}
{{- define "otklik.disruptionBudget" -}}
{{- if .values.disruptionBudget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "otklik.fullname" .root }}-{{ .role }}
  labels:
    {{- include "otklik.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  maxUnavailable: {{ .values.disruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "otklik.selectorLabels" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
{{- end -}}
{{- end -}}
