import type { FunctionDeclaration } from '../../shared/deployment/declaration.ts';

export const novaLaunch: FunctionDeclaration[] = [
  {
    name: 'nova-launch',
    entry: 'functions/nova-launch/events.ts',
    timeout: 75,
    queue: 'nova-launch',
    uses: [{ secret: 'launch/*', actions: ['secretsmanager:GetSecretValue'] }, { publishEvents: true }, { invoke: 'keystone-login' }, { invoke: 'nova-api' }],
  },
];
