# coding: utf-8
# In[1]:
# Mixture density network (Bishop 1994) for the classic inverse problem:
# x = t + 0.3 sin(2 pi t) + noise is a function of t, but t given x is multi-valued
import numpy as np
np.random.seed(123)
n, K, H = 1200, 4, 30
t = np.random.uniform(0, 1, (n, 1))
x = t + 0.3*np.sin(2*np.pi*t) + np.random.uniform(-0.05, 0.05, (n, 1))
xs = (x - x.mean()) / x.std()
ts = (t - t.mean()) / t.std()
x_tr, t_tr, x_te, t_te = xs[:900], ts[:900], xs[900:], ts[900:]

# In[2]:
params = {
    'W1': np.random.randn(1, H), 'b1': np.random.randn(1, H),
    'W2': np.random.randn(H, 3*K)*0.1, 'b2': np.zeros((1, 3*K)),
}
params['b2'][0, K:2*K] = np.linspace(-1.5, 1.5, K)    # spread the means at the start

def logsumexp(a):
    m = a.max(axis=1, keepdims=True)
    return m + np.log(np.exp(a - m).sum(axis=1, keepdims=True))

def heads(params, x):
    h = np.tanh(x @ params['W1'] + params['b1'])
    o = h @ params['W2'] + params['b2']
    logits, mu, log_s = o[:, :K], o[:, K:2*K], o[:, 2*K:]
    return h, logits - logsumexp(logits), mu, log_s     # log-softmax of the weights

def component_logs(logpi, mu, log_s, t):
    return logpi - 0.5*np.log(2*np.pi) - log_s - 0.5*((t - mu)/np.exp(log_s))**2

def nll(params, x, t):
    _, logpi, mu, log_s = heads(params, x)
    return -logsumexp(component_logs(logpi, mu, log_s, t)).mean()

# In[3]:
def grads(params, x, t):
    m = len(x)
    h, logpi, mu, log_s = heads(params, x)
    lc = component_logs(logpi, mu, log_s, t)
    resp = np.exp(lc - logsumexp(lc))                   # responsibilities
    u = (t - mu)/np.exp(log_s)
    d_logits = np.exp(logpi) - resp
    d_mu = -resp*u/np.exp(log_s)
    d_log_s = resp*(1 - u**2)
    do = np.concatenate([d_logits, d_mu, d_log_s], axis=1)/m
    dh = (do @ params['W2'].T)*(1 - h**2)
    return {'W2': h.T @ do, 'b2': do.sum(0, keepdims=True),
            'W1': x.T @ dh, 'b1': dh.sum(0, keepdims=True)}

# In[4]:
m1 = {k: np.zeros_like(v) for k, v in params.items()}
m2 = {k: np.zeros_like(v) for k, v in params.items()}
it = 0
for epoch in range(150):
    perm = np.random.permutation(len(x_tr))
    for i in range(0, len(perm), 60):
        it += 1
        b = perm[i:i+60]
        g = grads(params, x_tr[b], t_tr[b])
        for k in params:
            m1[k] = 0.9*m1[k] + 0.1*g[k]
            m2[k] = 0.999*m2[k] + 0.001*g[k]**2
            params[k] = params[k] - 0.005*(m1[k]/(1 - 0.9**it))/(np.sqrt(m2[k]/(1 - 0.999**it)) + 1e-8)
    if epoch % 30 == 0:
        print(epoch, 'nll', nll(params, x_tr, t_tr))

# In[5]:
# reference: the best single Gaussian with a linear mean
a, c = np.polyfit(x_tr[:, 0], t_tr[:, 0], 1)
res = t_tr[:, 0] - a*x_tr[:, 0] - c
ref = 0.5*np.log(2*np.pi*res.var()) + 0.5*np.mean((t_te[:, 0] - a*x_te[:, 0] - c)**2)/res.var()
print('reference nll (linear gaussian): %.3f' % ref)
print('final test nll: %.3f' % nll(params, x_te, t_te))
